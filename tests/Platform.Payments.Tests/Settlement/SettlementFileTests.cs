using System.Globalization;
using System.Text;
using Platform.Payments.Settlement;

namespace Platform.Payments.Tests.Settlement;

/// <summary>A settlement file is taken whole or not at all.</summary>
public sealed class SettlementFileTests
{
    static readonly DateOnly Day = new(2026, 3, 10);
    static readonly string One = Papers.Order("URG", "0123456789ABC");
    static readonly string Two = Papers.Order("URG", "ZYXWVTSRQPNMK");

    static string Good => Papers.File(new Batch("RIV-20260310-001", Day, new Line(One, 4200, 30), new Line(Two, 1050, 5, Reversal: true)), new Batch("RIV-20260310-002", Day, new Line(One, 1)));

    [Test]
    public void A_good_file_is_read_to_the_cent()
    {
        var (batches, errors) = Read(Good);
        errors.Should().BeEmpty();
        batches.Select(batch => (batch.Name, batch.Net.Cents, batch.Fees.Cents, batch.Lines.Count)).Should().Equal(("RIV-20260310-001", 4200 - 1050 - 35, 35, 2), ("RIV-20260310-002", 1, 0, 1));
        Read("\ufeff" + Good.Replace("\n", "\r\n")).Errors.Should().BeEmpty();
    }

    [Test]
    public void The_file_in_the_documentation_is_one()
    {
        var page = File.ReadAllText(Path.Combine(Platform.Testing.TestCluster.Artifacts, "..", "docs", "settlement.md"));
        var from = page.IndexOf("tipo;", StringComparison.Ordinal);
        Read(page[from..page.IndexOf("```", from, StringComparison.Ordinal)]).Errors.Should().BeEmpty();
    }

    [Test]
    public void A_file_that_is_cut_off_anywhere_is_refused()
    {
        var bytes = Encoding.UTF8.GetBytes(Good);
        // Without the last line feed nothing is missing.
        for (var length = 0; length < bytes.Length - 5; length++)
            SettlementFile.Read(bytes[..length]).Errors.Should().NotBeEmpty("{0} of {1} bytes are not the file", length, bytes.Length);
    }

    [Test]
    public void Whatever_single_digit_is_changed_in_an_amount_or_a_count_is_noticed()
    {
        var good = Good;
        for (var at = good.IndexOf('\n') + 1; at < good.Length; at++)
        {
            var line = good.LastIndexOf('\n', at - 1) + 1;
            var field = good[line..at].Count(letter => letter == ';');
            if (!char.IsAsciiDigit(good[at]) || field is not (2 or 4 or 5))
                continue;
            var changed = good[..at] + (char)('0' + (good[at] - '0' + 1) % 10) + good[(at + 1)..];
            Read(changed).Errors.Should().NotBeEmpty("character {0} changed", at);
        }
    }

    [TestCase("42,00", "-42,00")]
    [TestCase("42,00", "+42,00")]
    [TestCase("42,00", "42.00")]
    [TestCase("42,00", "4 200")]
    [TestCase("42,00", "1.042,00")]
    [TestCase("42,00", "42,000")]
    [TestCase("42,00", "0,00")]
    [TestCase("42,00", "999999999999,00")]
    [TestCase("42,00", "٤٢,٠٠")]
    [TestCase("42,00", "42,00\t")]
    [TestCase("42,00", "=42,00")]
    [TestCase(";0,30", ";-0,30")]
    [TestCase("P;RIV-20260310-001", "R;RIV-20260310-001")]
    [TestCase("P;RIV-20260310-001", "P;RIV-20260310-009")]
    [TestCase("P;RIV-20260310-001;1", "P;RIV-20260310-001;2")]
    [TestCase("2026-03-10\nP", "2026-02-30\nP")]
    [TestCase("2026-03-10\nP", "10/03/2026\nP")]
    [TestCase("F;RIV-20260310-002", "F;RIV-20260310-001")]
    [TestCase("F;RIV-20260310-001", "F;riv-20260310-001")]
    [TestCase("F;RIV-20260310-001", "F;RIV 20260310 001")]
    [TestCase("Z;;2", "Z;;3")]
    [TestCase("Z;;2;;;;\n", "Z;;2;;;;\nP;RIV-20260310-001;3;X;1,00;0,00;2026-03-10\n")]
    [TestCase("tipo;", "type;")]
    [TestCase("\nF;", "\n\nF;")]
    [TestCase("\nP;", "\n\"P\";")]
    [TestCase("\nP;", "\nP\0;")]
    public void Nothing_that_could_be_read_in_two_ways_is_taken(string text, string instead)
    {
        var at = Good.IndexOf(text, StringComparison.Ordinal);
        at.Should().BeGreaterThan(-1);
        var (batches, errors) = Read(Good[..at] + instead + Good[(at + text.Length)..]);
        errors.Should().NotBeEmpty();
        batches.Should().BeEmpty();
    }

    [Test]
    public void An_order_number_with_a_wrong_check_digit_or_of_another_form_is_refused()
    {
        foreach (var order in new[] { One[..18] + (One[18] == '9' ? '0' : (char)(One[18] + 1)), "URG-1", "' or 1=1 --", "" })
            Read(Papers.File(new Batch("RIV-20260310-001", Day, new Line(order, 4200)))).Errors.Should().ContainSingle(error => error.Field == "ordine");
    }

    [Test]
    public void Too_large_too_long_and_not_text_is_refused_without_reading_on()
    {
        SettlementFile.Read(new byte[SettlementFile.MostBytes + 1]).Errors.Should().ContainSingle().Which.Message.Should().Contain("32 MiB");
        SettlementFile.Read([0xff, 0xfe, 0x00]).Errors.Should().ContainSingle();
        Read(Good.Insert(Good.IndexOf("\nP;", StringComparison.Ordinal) + 3, new string('A', 5000))).Errors[0].Value!.Length.Should().BeLessThanOrEqualTo(60);
        Read(Good + string.Concat(Enumerable.Repeat("x\n", 100_000))).Errors.Count.Should().BeLessThanOrEqualTo(51);
    }

    [Test]
    public void Ten_thousand_lines_of_ten_cents_are_a_thousand_euros()
    {
        var orders = Enumerable.Range(0, 10_000).Select(n => Papers.Order("URG", string.Create(CultureInfo.InvariantCulture, $"{n:0000000000000}"))).ToArray();
        var (batches, errors) = Read(Papers.File(new Batch("RIV-LONG", Day, [.. orders.Select(order => new Line(order, 10))])));
        errors.Should().BeEmpty();
        batches[0].Net.Cents.Should().Be(100_000);
    }

    static (IReadOnlyList<SettlementBatch> Batches, IReadOnlyList<Core.Plugins.ImportError> Errors) Read(string text) => SettlementFile.Read(Encoding.UTF8.GetBytes(text));
}
