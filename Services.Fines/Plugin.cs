using Platform.Core.Plugins;
using Platform.Payments;

[assembly: Service("fines", "1.0", Title = "Multe", TitleEn = "Fines", Author = "unione-reno-galliera")]

namespace Services.Fines;

/// <summary>Traffic fines: a citizen finds one by number, date and plate, sees what it costs today and pays it.</summary>
public sealed class FinesService : IService
{
    public void Describe(IServiceDescription service)
    {
        ArgumentNullException.ThrowIfNull(service);
        service.Path("multe");
        service.Page<FindFinePage>("");
        service.Page<ShowFinePage>("verbale/{token}");
        service.Page<TogetherPage>("insieme/{token}");
        service.Settings<FinesSettings>(FinesSettings.Check);
        service.Permission("fines.load", "Carica multe", "Load fines");
        service.Import<ImportFines>("import", "Carica i verbali da un file CSV");
        service.Provides<IPositionOwner, FinePositions>();
    }
}
