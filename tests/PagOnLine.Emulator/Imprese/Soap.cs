using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace PagOnLine.Emulator.Imprese;

/// <summary>The terminal that was published for tests, with its published key.</summary>
internal sealed record Terminal(string Id, string Key)
{
    public static Terminal Published { get; } = new("UNI_MYBK", "UNI_TESTKEY");
}

/// <summary>One call of the shop, as it stands in the SOAP body.</summary>
internal sealed record SoapCall(string Operation, IReadOnlyList<Field> Fields)
{
    private static readonly XNamespace Envelope = "http://schemas.xmlsoap.org/soap/envelope/";
    private static readonly XNamespace Services = "http://services.api.web.cg.igfs.apps.netsw.it/";

    // What each signature covers after apiVersion, tid, merID, payInstr and shopID.
    private static readonly Dictionary<string, string> Signed = new(StringComparer.Ordinal)
    {
        ["Init"] = "shopUserRef shopUserName shopUserAccount shopUserMobilePhone shopUserIMEI trType amount currencyCode langID notifyURL errorURL callbackURL addInfo1 addInfo2 addInfo3 addInfo4 addInfo5 payInstrToken topUpID",
        ["Verify"] = "paymentID refTranID",
        ["Credit"] = "shopUserRef amount currencyCode refTranID pan payInstrToken expireMonth expireYear addInfo1 addInfo2 addInfo3 addInfo4 addInfo5",
        ["VoidAuth"] = "amount refTranID addInfo1 addInfo2 addInfo3 addInfo4 addInfo5",
    };

    private static readonly Dictionary<string, string> Answered = new(StringComparer.Ordinal)
    {
        ["Init"] = "tid shopID rc errorDesc paymentID redirectURL",
        ["Verify"] = "tid shopID rc errorDesc paymentID tranID authCode enrStatus authStatus",
        ["Credit"] = "tid shopID rc errorDesc tranID date addInfo1 addInfo2 addInfo3 addInfo4 addInfo5",
        ["VoidAuth"] = "tid shopID rc errorDesc tranID date addInfo1 addInfo2 addInfo3 addInfo4 addInfo5",
    };

    public string this[string name] => Fields.Value(name) ?? "";

    public static SoapCall? Read(byte[] body)
    {
        try
        {
            var operation = XDocument.Load(new MemoryStream(body)).Root?.Element(Envelope + "Body")?.Elements().SingleOrDefault();
            return operation?.Name.Namespace == Services && Signed.ContainsKey(operation.Name.LocalName) && operation.Element("request") is { } request
                ? new SoapCall(operation.Name.LocalName, [.. request.Elements().Select(element => new Field(element.Name.LocalName, element.Value))])
                : null;
        }
        catch (Exception wrong) when (wrong is XmlException or InvalidOperationException)
        {
            return null;
        }
    }

    public bool IsSignedWith(string key) => Sign("apiVersion tid merID payInstr shopID " + Signed[Operation], Fields, key) == this["signature"];

    public string Answer(string key, params ReadOnlySpan<Field> fields)
    {
        List<Field> all = [.. fields];
        all.Insert(0, new Field("signature", Sign(Answered[Operation], all, key)));
        var answer = new XElement(Services + (Operation + "Response"), new XElement("response", all.Select(field => new XElement(field.Name, field.Value))));
        return new XElement(Envelope + "Envelope", new XElement(Envelope + "Body", answer)).ToString(SaveOptions.DisableFormatting);
    }

    private static string Sign(string names, IReadOnlyList<Field> fields, string key)
        => Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(string.Concat(names.Split(' ').Select(fields.Value)))));
}
