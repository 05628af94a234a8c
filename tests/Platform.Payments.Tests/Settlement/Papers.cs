using System.Globalization;
using System.Text;
using Platform.Payments.Checkout;

namespace Platform.Payments.Tests.Settlement;

/// <summary>Writes what gateways and banks send.</summary>
internal static class Papers
{
    public const string Iban = "IT60X0542811101000000123456";

    public static readonly Guid Agreement = new("0197a000-0000-7000-8000-0000000000aa");

    static int _number;

    public static string NewBatch() => string.Create(CultureInfo.InvariantCulture, $"RIV-20260310-{Interlocked.Increment(ref _number):000}");

    /// <summary>A settlement file with one or more batches.</summary>
    public static string File(params Batch[] batches)
    {
        var text = new StringBuilder("tipo;flusso;righe;ordine;importo;commissione;data\n");
        foreach (var batch in batches)
        {
            text.Append(CultureInfo.InvariantCulture, $"F;{batch.Name};{batch.Lines.Length};;{Euros(batch.Net)};{Euros(batch.Lines.Sum(line => line.Fee))};{batch.On:yyyy-MM-dd}\n");
            for (var n = 0; n < batch.Lines.Length; n++)
                text.Append(CultureInfo.InvariantCulture, $"{(batch.Lines[n].Reversal ? "S" : batch.Lines[n].Order.StartsWith("R-", StringComparison.Ordinal) ? "R" : "P")};{batch.Name};{n + 1};{batch.Lines[n].Order};{Euros(batch.Lines[n].Cents)};{Euros(batch.Lines[n].Fee)};{batch.Lines[n].On ?? batch.On:yyyy-MM-dd}\n");
        }
        return text.Append(CultureInfo.InvariantCulture, $"Z;;{batches.Length};;;;\n").ToString();
    }

    /// <summary>A statement of the centre's account; the balances fit unless told otherwise.</summary>
    public static string Camt(string id, IEnumerable<Movement> movements, string iban = Iban, long? closing = null, string page = "", string currency = "EUR", string version = "02")
    {
        var all = movements.ToList();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}\"><BkToCstmrStmt><GrpHdr><MsgId>{Guid.NewGuid():n}</MsgId><CreDtTm>2026-03-12T06:00:00</CreDtTm></GrpHdr>");
        text.Append(CultureInfo.InvariantCulture, $"<Stmt><Id>{id}</Id>{page}<Acct><Id><IBAN>{iban}</IBAN></Id></Acct>{Balance("OPBD", 100_000)}{Balance("CLBD", closing ?? 100_000 + all.Sum(one => one.Cents))}");
        foreach (var one in all)
        {
            text.Append(CultureInfo.InvariantCulture, $"<Ntry><Amt Ccy=\"{currency}\">{Math.Abs(one.Cents) / 100}.{Math.Abs(one.Cents) % 100:00}</Amt><CdtDbtInd>{(one.Cents < 0 ? "DBIT" : "CRDT")}</CdtDbtInd>{(one.Reversal ? "<RvslInd>true</RvslInd>" : "")}<Sts>{(version == "02" ? one.Status : $"<Cd>{one.Status}</Cd>")}</Sts>");
            text.Append(CultureInfo.InvariantCulture, $"<BookgDt><Dt>{one.On:yyyy-MM-dd}</Dt></BookgDt><ValDt><Dt>{one.On:yyyy-MM-dd}</Dt></ValDt>{(one.Ref is null ? "" : $"<AcctSvcrRef>{one.Ref}</AcctSvcrRef>")}<BkTxCd/>{one.Details ?? $"<NtryDtls><TxDtls><RmtInf><Ustrd>{one.Text}</Ustrd></RmtInf></TxDtls></NtryDtls>"}</Ntry>");
        }
        return text.Append("</Stmt></BkToCstmrStmt></Document>").ToString();

        string Balance(string code, long cents) => string.Create(CultureInfo.InvariantCulture,
            $"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"{currency}\">{Math.Abs(cents) / 100}.{Math.Abs(cents) % 100:00}</Amt><CdtDbtInd>{(cents < 0 ? "DBIT" : "CRDT")}</CdtDbtInd><Dt><Dt>2026-03-12</Dt></Dt></Bal>");
    }

    /// <summary>An order number with these random characters: the check digit is found by trying.</summary>
    public static string Order(string code, string random) =>
        Enumerable.Range(0, 10).Select(digit => $"{code}-{random}-{digit}").First(text => OrderNumber.EntityOf(text) is not null);

    static string Euros(long cents) => string.Create(CultureInfo.InvariantCulture, $"{(cents < 0 ? "-" : "")}{Math.Abs(cents) / 100},{Math.Abs(cents) % 100:00}");
}

internal sealed record Batch(string Name, DateOnly On, params Line[] Lines)
{
    public long Net => Lines.Sum(line => (line.Reversal || line.Order.StartsWith("R-", StringComparison.Ordinal) ? -line.Cents : line.Cents) - line.Fee);
}

internal sealed record Line(string Order, long Cents, long Fee = 0, bool Reversal = false, DateOnly? On = null);

internal sealed record Movement(DateOnly On, long Cents, string Text, string? Ref = null, bool Reversal = false, string? Details = null, string Status = "BOOK");
