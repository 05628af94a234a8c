using Services.SchoolFees.Communication;

namespace Services.SchoolFees.Tests.Communication;

/// <summary>The layout's own check, against files that look right.</summary>
public sealed class ExpenseFileTests
{
    const string Good = "A;1;01135570370;2025;ordinaria;1;\nD;RSSNNA16B41A944L;RSSMRA80A01A944I;S;2025;1800;0\nD;RSSNNA16B41A944L;RSSMRA80A01A944I;S;2024;0;500\nZ;2;1800;500\n";

    [Test]
    public void A_right_file_has_no_faults() => ExpenseFile.Faults(Good).Should().BeEmpty();

    [TestCase("A;1;", "A;2;", 1)]
    [TestCase("01135570370", "01135570371", 1)]
    [TestCase("01135570370", "RSSMRA80A01A944I", 1)]
    [TestCase(";2025;ordinaria", ";25;ordinaria", 1)]
    [TestCase("ordinaria", "straordinaria", 1)]
    [TestCase("ordinaria;1;", "ordinaria;2;1", 1)]
    [TestCase("ordinaria;1;", "sostitutiva;2;", 1)]
    [TestCase("ordinaria;1;", "sostitutiva;2;2", 1)]
    [TestCase("ordinaria;1;", "annullamento;2;1", 1)]
    [TestCase("RSSNNA16B41A944L;RSSMRA80A01A944I;S;2025", "RSSNNA16B41A944M;RSSMRA80A01A944I;S;2025", 2)]
    [TestCase("S;2025;1800;0", "S;2025;-1800;0", 2)]
    [TestCase("S;2025;1800;0", "S;2025;18,00;0", 2)]
    [TestCase("S;2025;1800;0", "S;2025;1800;1", 2)]
    [TestCase("S;2025;1800;0", "X;2025;1800;0", 2)]
    [TestCase("S;2025;1800;0", "S;2026;1800;0", 2)]
    [TestCase("S;2024;0;500", "S;2024;1;500", 3)]
    [TestCase("S;2024;0;500", "S;2025;1;0", 3)]
    [TestCase("Z;2;1800;500", "Z;2;1800;501", 4)]
    [TestCase("Z;2;1800;500", "Z;3;1800;500", 4)]
    [TestCase("Z;2;1800;500\n", "Z;2;1800;500", 1)]
    [TestCase("\n", "\r\n", 1)]
    [TestCase("S;2025;1800;0", "S;2025;9999999999999999999;0", 2)]
    [TestCase(Good, "", 1)]
    [TestCase(Good, ";;;;;;;\n", 1)]
    public void What_is_wrong_is_told_by_line(string right, string wrong, int line) =>
        ExpenseFile.Faults(Good.Replace(right, wrong, StringComparison.Ordinal)).Select(fault => fault.Line).Should().Contain(line);
}
