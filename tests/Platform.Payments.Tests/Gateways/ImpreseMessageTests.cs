using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Microsoft.Extensions.Logging.Abstractions;
using Platform.Core.Money;
using Platform.Payments.Gateways.PagOnlineImprese;

namespace Platform.Payments.Tests.Gateways;

/// <summary>What the gateway believes of PagOnline Imprese's answers. None of them verifies with another meaning than the bank gave it.</summary>
public sealed class ImpreseMessageTests
{
    const string Order = "URG-0123456789ABC-7";
    const string Key = "UNI_TESTKEY";
    const string Page = "https://bank.example/UNI_CG_WEB/app/mybk/main/show?referenceData=4928F6488A2C9F9A831ECAD4230B36D8";

    static readonly PagOnlineImpreseGateway Gateway = new(new HttpClient(), NullLogger<PagOnlineImpreseGateway>.Instance);

    static readonly AgreementTerms Terms = TermsOf("https://bank.example");

    static readonly string[] Init = ["tid", "shopID", "rc", "errorDesc", "paymentID", "redirectURL"];
    static readonly string[] Verify = ["tid", "shopID", "rc", "errorDesc", "paymentID", "tranID", "authCode", "enrStatus", "authStatus"];

    static IEnumerable<TestCaseData> Genuine() =>
    [
        new TestCaseData("open", Opened()).SetArgDisplayNames("Init"),
        new TestCaseData("open", Answer(Init, ("rc", "IGFS_000"), ("paymentID", "00053569646101577621"), ("redirectURL", Page))).SetArgDisplayNames("Init without words"),
        new TestCaseData("query", Paid()).SetArgDisplayNames("Verify paid"),
        new TestCaseData("query", Answer(Verify, ("rc", "IGFS_008"), ("errorDesc", "NEGATA"), ("paymentID", "00053569646101577621"))).SetArgDisplayNames("Verify denied"),
    ];

    [Test]
    public void The_published_answer_and_the_published_primitive_have_their_published_signatures()
    {
        IgfsAnswer.Sign(["signedData"], "key").Should().Be("0TgQ4fBuscfYP8BM68etc7k6usMFxdUOFI3spL0IoRI=");
        var published = Soap("Init", [("tid", "UNI_MYBK"), ("shopID", "5c6fdf5d20485"), ("rc", "IGFS_000"), ("errorDesc", ""), ("paymentID", "00053569646101577621"),
            ("redirectURL", "https://testeps.netswgroup.it/UNI_CG_WEB/app/mybk/main/show?referenceData=4928F6488A2C9F9A831ECAD4230B36D8"), ("signature", "TXeKgbwUvzkhWR4mdH3RBFHWwbXVf4utFviKKWEqK/k=")]);
        Gateway.Read(new("open", published), TermsOf("https://testeps.netswgroup.it")).Should().Be(new GatewayFact(true, true, GatewayOutcome.Registered, null));
        Gateway.Read(new("open", published), Terms).Outcome.Should().Be(GatewayOutcome.Undetermined, "its page is on another host than the agreement's");
    }

    [TestCaseSource(nameof(Genuine))]
    public void No_other_byte_anywhere_changes_what_a_genuine_answer_says(string channel, byte[] answer)
    {
        Read(channel, answer).Genuine.Should().BeTrue();
        byte[] others = [0, (byte)'<', (byte)'>', (byte)'&', (byte)'"', (byte)' ', (byte)'0', (byte)'9', (byte)'/', 0xE8];
        for (var at = 0; at < answer.Length; at++)
        {
            foreach (var other in others.Concat(Enumerable.Range(0, 8).Select(bit => (byte)(answer[at] ^ 1 << bit))))
            {
                var tampered = answer.ToArray();
                tampered[at] = other;
                ShouldSayTheSameOrNothing(channel, answer, tampered);
            }
            ShouldSayTheSameOrNothing(channel, answer, [.. answer[..at], .. answer[(at + 1)..]]);
            ShouldSayTheSameOrNothing(channel, answer, answer[..at]);
        }
    }

    [TestCaseSource(nameof(Genuine))]
    public void No_field_can_be_dropped_doubled_renamed_swapped_or_moved_to_another_name_space(string channel, byte[] answer)
    {
        (string Name, string Value)[] fields = FieldsOf(answer);
        for (var at = 0; at < fields.Length; at++)
        {
            var (name, value) = fields[at];
            Try([.. fields[..at], .. fields[(at + 1)..]]);
            RejectFields([.. fields, (name, value)]);
            RejectFields([.. fields, (name, "other")]);
            Try([.. fields[..at], (name.ToUpperInvariant(), value), .. fields[(at + 1)..]]);
            Try([.. fields[..at], (name, value.ToUpperInvariant()), .. fields[(at + 1)..]]);
            Try([.. fields[..at], (name, $" {value}"), .. fields[(at + 1)..]]);
            for (var to = at + 1; to < fields.Length; to++)
            {
                var swapped = fields.ToArray();
                (swapped[at], swapped[to]) = ((name, fields[to].Value), (fields[to].Name, value));
                Try(swapped);
            }
        }
        Reject(Encoding.UTF8.GetString(answer).Replace("<response>", "<x:response xmlns:x=\"urn:x\">", StringComparison.Ordinal).Replace("</response>", "</x:response>", StringComparison.Ordinal));
        Reject(Encoding.UTF8.GetString(answer).Replace("<rc>", "<x:rc xmlns:x=\"urn:x\">", StringComparison.Ordinal).Replace("</rc>", "</x:rc>", StringComparison.Ordinal));
        Reject(Encoding.UTF8.GetString(answer).Replace("</response>", "</response><response><rc>IGFS_000</rc></response>", StringComparison.Ordinal));
        Reject("<!DOCTYPE x [<!ENTITY e \"IGFS_000\">]>" + Encoding.UTF8.GetString(answer));

        void Try((string, string)[] tampered) => ShouldSayTheSameOrNothing(channel, answer, Soap("Any", tampered));

        void RejectFields((string, string)[] tampered) => Reject(Encoding.UTF8.GetString(Soap("Any", tampered)));

        void Reject(string tampered) => Read(channel, Encoding.UTF8.GetBytes(tampered)).Genuine.Should().BeFalse(tampered);
    }

    /// <summary>The signature has no separators: what leaves one field may enter its neighbour and still verify.</summary>
    [TestCaseSource(nameof(Genuine))]
    public void No_character_moved_between_fields_makes_another_outcome_or_another_address(string channel, byte[] answer)
    {
        var covered = channel == "open" ? Init : Verify;
        var fields = FieldsOf(answer).ToDictionary(field => field.Name, field => field.Value, StringComparer.Ordinal);
        var text = string.Concat(covered.Select(name => fields.GetValueOrDefault(name)));
        var cuts = new int[covered.Length - 1];
        for (var n = 0; n < cuts.Length; n++)
            cuts[n] = covered.Take(n + 1).Sum(name => fields.GetValueOrDefault(name)?.Length ?? 0);
        for (var n = 0; n < cuts.Length; n++)
            for (var second = n; second < cuts.Length; second++)
                for (var by = -25; by <= 25; by++)
                    for (var with = -2; with <= 2; with++)
                    {
                        var moved = cuts.ToArray();
                        (moved[n], moved[second]) = (moved[n] + by, second == n ? moved[n] + by : moved[second] + with);
                        if (moved.Prepend(0).Append(text.Length).Zip(moved.Append(text.Length)).Any(pair => pair.First > pair.Second || pair.First < 0))
                            continue;
                        int[] bounds = [0, .. moved, text.Length];
                        ShouldSayTheSameOrNothing(channel, answer, Soap("Any", [.. covered.Select((name, k) => (name, text[bounds[k]..bounds[k + 1]])), ("signature", fields["signature"])]));
                    }
    }

    [Test]
    public void An_answer_to_one_call_is_none_to_another()
    {
        Read("query", Opened()).Genuine.Should().BeFalse();
        Read("open", Paid()).Genuine.Should().BeFalse();
        var renamed = Encoding.UTF8.GetString(Opened()).Replace("redirectURL", "tranID", StringComparison.Ordinal);
        Read("query", Encoding.UTF8.GetBytes(renamed)).Should().Match<GatewayFact>(fact => fact.Genuine && fact.Outcome == GatewayOutcome.Undetermined, "it verifies, and its transaction is no number");
    }

    [Test]
    public void Another_terminal_s_or_key_s_answer_is_not_ours()
    {
        Read("query", Answer(Verify, ("tid", "UNI_OTHER"), ("rc", "IGFS_000"), ("paymentID", "1"), ("tranID", "2"))).Genuine.Should().BeFalse();
        Read("query", Answer(Verify, "another key", ("rc", "IGFS_000"), ("paymentID", "1"), ("tranID", "2"))).Genuine.Should().BeFalse();
    }

    [TestCase("IGFS_000", GatewayOutcome.Completed)]
    [TestCase("IGFS_814", GatewayOutcome.Registered)]
    [TestCase("IGFS_20090", GatewayOutcome.Abandoned)]
    [TestCase("IGFS_400", GatewayOutcome.Reversed)]
    [TestCase("IGFS_008", GatewayOutcome.Refused)]
    [TestCase("IGFS_20023", GatewayOutcome.NotFound)]
    [TestCase("IGFS_007", GatewayOutcome.Undetermined)]
    [TestCase("IGFS_911", GatewayOutcome.Undetermined)]
    [TestCase("IGFS_20022", GatewayOutcome.Undetermined)]
    [TestCase("IGFS_0000", GatewayOutcome.Undetermined)]
    [TestCase("", GatewayOutcome.Undetermined)]
    public void Verify_means(string rc, GatewayOutcome outcome) =>
        Read("query", Answer(Verify, ("rc", rc), ("errorDesc", "X"), ("paymentID", "1"), ("tranID", "2"))).Should().Be(new GatewayFact(true, true, outcome, null));

    [TestCase("")]
    [TestCase("<html><h1>502 Bad Gateway</h1></html>")]
    [TestCase("<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><soap:Fault/></soap:Body></soap:Envelope>")]
    [TestCase("<?xml version=\"1.0\" encoding=\"no-such-thing\"?><response/>")]
    public void What_is_no_answer_says_nothing(string text) => Read("query", Encoding.UTF8.GetBytes(text)).Should().Match<GatewayFact>(fact => !fact.Genuine && fact.Outcome == GatewayOutcome.Undetermined);

    [Test]
    public void The_browser_s_return_names_an_order_and_says_nothing()
    {
        var message = new GatewayMessage("return", Encoding.ASCII.GetBytes($"ordine={Order}&esito=OK&rc=IGFS_000"));
        Gateway.OrderNumberIn(message).Should().Be(Order);
        Gateway.Read(message, Terms).Should().Be(new GatewayFact(false, true, GatewayOutcome.Undetermined, null) { Unsigned = true });
        Gateway.OrderNumberIn(new("return", Encoding.ASCII.GetBytes($"ordine={Order}&ordine={Order}"))).Should().BeNull();
    }

    static byte[] Opened() => Answer(Init, ("rc", "IGFS_000"), ("errorDesc", "TRANSAZIONE OK"), ("paymentID", "00053569646101577621"), ("redirectURL", Page));

    static byte[] Paid() => Answer(
        Verify, ("rc", "IGFS_000"), ("errorDesc", "TRANSAZIONE OK"), ("paymentID", "00053569646101577621"), ("tranID", "00000000000000000042"), ("authCode", "123456"), ("brand", "VISA"));

    static AgreementTerms TermsOf(string pages) => new(
        Guid.Empty, JsonSerializer.SerializeToElement(new { terminal = "UNI_MYBK", service = "https://bank.example/UNI_CG_SERVICES/services/", pages }),
        new Dictionary<string, string>(StringComparer.Ordinal) { ["key"] = Key });

    static GatewayFact Read(string channel, byte[] raw) => Gateway.Read(new(channel, raw), Terms);

    static void ShouldSayTheSameOrNothing(string channel, byte[] genuine, byte[] tampered)
    {
        var (before, after) = (Read(channel, genuine), Read(channel, tampered));
        if (!after.Genuine || after.Outcome == GatewayOutcome.Undetermined || Gateway.OrderNumberIn(new(channel, tampered)) is not { } order)
            return;
        if (after.Outcome != before.Outcome || order != Order || (channel == "open" && Gateway.Opened(new(channel, tampered)) != Gateway.Opened(new(channel, genuine))))
            Assert.Fail($"verifies: {Encoding.UTF8.GetString(tampered)}");
    }

    static byte[] Answer(string[] covered, params (string Name, string Value)[] fields) => Answer(covered, Key, fields);

    static byte[] Answer(string[] covered, string key, params (string Name, string Value)[] fields)
    {
        (string Name, string Value)[] all = [.. new[] { ("tid", "UNI_MYBK"), ("shopID", Order) }.Where(own => fields.All(field => field.Name != own.Item1)), .. fields];
        var signed = string.Concat(covered.Select(name => all.FirstOrDefault(field => field.Name == name).Value));
        return Soap("Any", [.. all, ("signature", Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(signed))))]);
    }

    static byte[] Soap(string operation, IEnumerable<(string Name, string Value)> fields) => Encoding.UTF8.GetBytes(new XElement(
        XName.Get("Envelope", "http://schemas.xmlsoap.org/soap/envelope/"), new XElement(
            XName.Get("Body", "http://schemas.xmlsoap.org/soap/envelope/"), new XElement(
                XName.Get($"{operation}Response", "http://services.api.web.cg.igfs.apps.netsw.it/"), new XElement("response", fields.Select(field => new XElement(field.Name, field.Value)))))).ToString(SaveOptions.DisableFormatting));

    static (string Name, string Value)[] FieldsOf(byte[] answer) => [.. XDocument.Load(new MemoryStream(answer)).Descendants("response").Single().Elements().Select(field => (field.Name.LocalName, field.Value))];
}
