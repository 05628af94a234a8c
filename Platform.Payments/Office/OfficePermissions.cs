namespace Platform.Payments.Office;

/// <summary>What officers may about payments, each at the entities where it was granted to them.</summary>
internal static class OfficePermissions
{
    public const string See = "payments.see";
    public const string Export = "payments.export";
    public const string Tasks = "payments.tasks";
    public const string Refund = "payments.refund";
    public const string Record = "payments.record";
    public const string Approve = "payments.approve";
    public const string Settle = "payments.settle";
}
