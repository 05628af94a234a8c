namespace Services.SchoolFees.Office;

/// <summary>What officers may about school fees, each at the entities where it was granted to them.</summary>
internal static class DeskPermissions
{
    public const string Load = "schoolfees.load";
    public const string Bill = "schoolfees.bill";
    public const string Certify = "schoolfees.certify";
    public const string Read = "schoolfees.read";
    public const string Answer = "schoolfees.answer";

    /// <summary>Households with their declarations of means. An auditor has it only where it was given to him.</summary>
    public const string Families = "schoolfees.families";
}
