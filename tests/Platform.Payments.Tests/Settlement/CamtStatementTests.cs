using System.Text;
using Platform.Payments.Settlement;

namespace Platform.Payments.Tests.Settlement;

/// <summary>Bank statements as banks write them, and as nobody should.</summary>
public sealed class CamtStatementTests
{
    static readonly DateOnly Day = new(2026, 3, 11);

    [TestCase("02")]
    [TestCase("08")]
    [TestCase("13")]
    public void Entries_are_read_in_every_version(string version)
    {
        var entries = Read(Papers.Camt("E1", [new(Day, 4170, "RIV-20260310-001", "REF1"), new(Day, -4200, "PAY-URG-000001"), new(Day, 99, "later", Status: "PDNG")], closing: 100_000 - 30, version: version));
        entries.Select(entry => (entry.Amount.Cents, entry.IsReversal)).Should().Equal((4170, false), (-4200, false));
        entries[0].Words().Should().Contain("RIV-20260310-001");
    }

    [Test]
    public void A_batch_booking_is_taken_apart_when_its_parts_add_up_and_stands_as_it_is_when_not()
    {
        string Parts(string second) => $"""
            <NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>
            <TxDtls><Refs><EndToEndId>A</EndToEndId></Refs><Amt Ccy="EUR">40.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><RmtInf><Ustrd>RIV-20260310-001</Ustrd></RmtInf></TxDtls>
            <TxDtls><Refs><EndToEndId>B</EndToEndId></Refs><Amt Ccy="EUR">{second}</Amt><CdtDbtInd>CRDT</CdtDbtInd><RmtInf><Strd><CdtrRefInf><Ref>RIV-20260310-002</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls>
            """;
        Read(Papers.Camt("E1", [new(Day, 4200, "", "R", Details: Parts("2.00"))])).Select(entry => (entry.Amount.Cents, entry.Remittance))
            .Should().Equal((4000, "RIV-20260310-001 A"), (200, "RIV-20260310-002 B"));
        var whole = Read(Papers.Camt("E1", [new(Day, 4200, "", "R", Details: Parts("3.00"))]));
        whole.Should().ContainSingle().Which.Amount.Cents.Should().Be(4200);
        whole[0].Words().Should().Contain("RIV-20260310-001").And.Contain("RIV-20260310-002");
    }

    [Test]
    public void A_reversal_keeps_the_sign_that_the_bank_gives_it()
    {
        Read(Papers.Camt("E1", [new(Day, -4200, "RIV-20260310-001", Reversal: true)])).Single().Should().Match<BankEntry>(entry => entry.IsReversal && entry.Amount.Cents == -4200);
    }

    [TestCase("/PUR/LGPE- RIVERSAMENTO/URI/RIV-20260310-001")]
    [TestCase("/RFB/RIV-2026 0310-001/42.00")]
    [TestCase("riv-20260310-001 bon da gateway")]
    [TestCase("BON DA GATEWAY SPA RIV-2026\n0310-\n001 CRO 123")]
    [TestCase("RIV-20260310-001")]
    public void A_reference_is_found_through_line_breaks_blanks_and_small_letters(string remittance) =>
        Read(Papers.Camt("E1", [new(Day, 1, remittance)])).Single().Words().Should().Contain("RIV-20260310-001");

    [Test]
    public void The_same_movement_in_another_statement_is_the_same_and_two_that_read_alike_in_one_are_two()
    {
        var movement = new Movement(Day, 100, "RIV-20260310-001", "REF1");
        Read(Papers.Camt("E1", [movement])).Single().Id.Should().Be(Read(Papers.Camt("E2", [movement])).Single().Id);
        var bare = movement with { Ref = null };
        Read(Papers.Camt("E1", [bare])).Single().Id.Should().Be(Read(Papers.Camt("E1", [bare])).Single().Id).And.NotBe(Read(Papers.Camt("E2", [bare])).Single().Id);
        Read(Papers.Camt("E1", [bare, bare])).Select(entry => entry.Id).Should().OnlyHaveUniqueItems();
        var twice = Papers.Camt("E1", [bare]);
        twice = twice.Replace("</Stmt>", "</Stmt>" + twice[twice.IndexOf("<Stmt>", StringComparison.Ordinal)..twice.IndexOf("</BkToCstmrStmt>", StringComparison.Ordinal)]);
        Read(twice).Select(entry => entry.Id).Distinct().Should().HaveCount(1);
    }

    [Test]
    public void Pages_of_one_statement_are_taken_one_by_one()
    {
        string Page(int n, bool last, Movement movement) => Papers.Camt("E1", [movement], closing: 77_777, page: $"<StmtPgntn><PgNb>{n}</PgNb><LastPgInd>{(last ? "true" : "false")}</LastPgInd></StmtPgntn>");
        var movement = new Movement(Day, 100, "RIV-20260310-001");
        Read(Page(1, false, movement)).Concat(Read(Page(2, true, movement))).Select(entry => entry.Id).Should().OnlyHaveUniqueItems();
    }

    [TestCase("<Document", "<!DOCTYPE a [<!ENTITY b \"c\">]><Document", "XML")]
    [TestCase("<Document", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><Document", "XML")]
    [TestCase("Ccy=\"EUR\"", "Ccy=\"USD\"", "euro")]
    [TestCase("Ccy=\"EUR\"", "", "euro")]
    [TestCase("42.00", "42,00", "importo")]
    [TestCase("42.00", "-42.00", "importo")]
    [TestCase("42.00", "+42.00", "importo")]
    [TestCase("42.00", "42.005", "importo")]
    [TestCase("42.00", "4.2E1", "importo")]
    [TestCase("42.00", "99999999999999.00", "importo")]
    [TestCase(">42.00<", ">43.00<", "saldo")]
    [TestCase("CRDT", "CREDIT", "CdtDbtInd")]
    [TestCase("IT60", "IT61", "IBAN")]
    [TestCase("camt.053.001", "camt.054.001", "CAMT.053")]
    [TestCase("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn", "CAMT.053")]
    [TestCase("2026-03-11", "2026-13-11", "data")]
    [TestCase("<Id>E1</Id>", "", "Id")]
    [TestCase("</Document>", "", "XML")]
    public void What_is_no_statement_in_euros_is_refused_and_says_why(string text, string instead, string why)
    {
        var good = Papers.Camt("E1", [new(Day, 4200, "RIV-20260310-001")]);
        good.Should().Contain(text);
        FluentActions.Invoking(() => Read(good.Replace(text, instead))).Should().Throw<FormatException>().WithMessage($"*{why}*");
    }

    [Test]
    public void A_statement_that_is_cut_off_anywhere_is_refused()
    {
        var bytes = Encoding.UTF8.GetBytes(Papers.Camt("E1", [new(Day, 4200, "RIV-20260310-001")]));
        for (var length = 0; length < bytes.Length; length++)
            FluentActions.Invoking(() => CamtStatement.Read(bytes[..length])).Should().Throw<FormatException>();
    }

    [Test]
    public void A_tree_without_end_a_file_too_large_and_a_name_for_a_bomb_are_refused()
    {
        FluentActions.Invoking(() => Read(string.Concat(Enumerable.Repeat("<a>", 100_000)))).Should().Throw<FormatException>().WithMessage("*annidato*");
        FluentActions.Invoking(() => CamtStatement.Read(new byte[CamtStatement.MostBytes + 1])).Should().Throw<FormatException>().WithMessage("*32 MiB*");
        FluentActions.Invoking(() => Read("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><x>&b;</x>")).Should().Throw<FormatException>();
        FluentActions.Invoking(() => Read("not xml at all")).Should().Throw<FormatException>();
        FluentActions.Invoking(() => CamtStatement.Read([])).Should().Throw<FormatException>();
    }

    static IReadOnlyList<BankEntry> Read(string text) => CamtStatement.Read(Encoding.UTF8.GetBytes(text));
}
