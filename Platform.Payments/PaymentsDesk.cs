using Platform.Core.Entities;
using Platform.Core.Plugins;

namespace Platform.Payments;

/// <summary>Where officers see payments, for pages of services that lead there.</summary>
public static class PaymentsDesk
{
    /// <summary>The permission without which those pages are not shown.</summary>
    public const string See = Office.OfficePermissions.See;

    /// <summary>The address of a payment's whole story at an entity's desk, up to its order number.</summary>
    public static string StoryPath(Entity entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        return $"{ConsolePaths.Of(entity)}/pagamenti/pagamento/";
    }
}
