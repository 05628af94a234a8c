using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Platform.Payments.Gateways.PagOnlineImprese;

/// <summary>A SOAP answer of IGFS_CG: the children of its one <c>response</c>, and the signature over them.</summary>
internal sealed class IgfsAnswer
{
    /// <summary>What the signature of each answer covers, in this order, without separator.</summary>
    public static readonly string[] OfInit = ["tid", "shopID", "rc", "errorDesc", "paymentID", "redirectURL"];
    public static readonly string[] OfVerify = ["tid", "shopID", "rc", "errorDesc", "paymentID", "tranID", "authCode", "enrStatus", "authStatus"];
    public static readonly string[] OfCredit = ["tid", "shopID", "rc", "errorDesc", "tranID", "date", "addInfo1", "addInfo2", "addInfo3", "addInfo4", "addInfo5"];

    static readonly XmlReaderSettings Strictly = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = 65536, CloseInput = true };

    readonly Dictionary<string, string> _fields;

    IgfsAnswer(Dictionary<string, string> fields) => _fields = fields;

    public string? this[string name] => _fields.GetValueOrDefault(name);

    /// <summary>Null when it is no answer of this protocol, or one that two readers could read in two ways.</summary>
    public static IgfsAnswer? Read(byte[] raw)
    {
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(raw), Strictly);
            if (XDocument.Load(reader, LoadOptions.PreserveWhitespace).Descendants().Where(element => element.Name.LocalName == "response").Take(2).ToList() is not [{ Name.NamespaceName: "" } response])
                return null;
            var fields = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var child in response.Elements())
                // Values of more than one level are none that is signed or used.
                if (child.Name.NamespaceName.Length > 0 || (!child.HasElements && !fields.TryAdd(child.Name.LocalName, child.Value)))
                    return null;
            return new(fields);
        }
        catch (XmlException)
        {
            return null;
        }
    }

    public bool IsSigned(string[] covered, string key) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Sign(covered.Select(name => this[name]), key)), Encoding.UTF8.GetBytes(this["signature"] ?? ""));

    /// <summary>HMAC-SHA256 over the values as they follow one another, absent ones empty; Base64.</summary>
    public static string Sign(IEnumerable<string?> values, string key) =>
        Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(string.Concat(values))));
}
