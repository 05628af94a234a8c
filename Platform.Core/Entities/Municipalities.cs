namespace Platform.Core.Entities;

/// <summary>The municipalities that the service centre has, for services whose registers know them by code.</summary>
public interface IMunicipalities
{
    /// <summary>What a municipality calls itself; null where the service centre has none of that code.</summary>
    /// <param name="istatCode">Six digits.</param>
    ValueTask<string?> NameOf(string istatCode, CancellationToken stop);
}

internal sealed class Municipalities(EntityDirectory entities) : IMunicipalities
{
    public async ValueTask<string?> NameOf(string istatCode, CancellationToken stop) => (await entities.Current(stop)).ByIstat(istatCode)?.Name;
}
