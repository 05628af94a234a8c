using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Logging;
using Platform.Core.Storage;

namespace Platform.Core.Hosting;

/// <summary>
/// The keys that seal forms and links, in the database, so that every host opens what another one drew. Each is itself sealed (AES-256-GCM) with a secret that only
/// the hosts have: who reads the database or a backup of it cannot forge.
/// </summary>
internal sealed class SharedKeys(Database database, string secret, TimeProvider clock, ILogger log) : IXmlRepository
{
    public const int ShortestSecret = 32;

    const int Lock = 0x4B657973; // "Keys"
    const byte Form = 1;
    const int Nonce = 12;
    const int Tag = 16;
    const string Core = "portico_core";

    static readonly TimeSpan Life = TimeSpan.FromDays(90);

    readonly byte[] _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, info: "portico form keys 1"u8.ToArray());

    /// <summary>Makes the first key where there is none: one, however many hosts begin at once, or each would for a day not know the other's.</summary>
    /// <returns>Whether this host's secret opens every key that is there.</returns>
    public Task<bool> Prepare(IKeyManager keys, CancellationToken stop) => database.Run(
        Core, null, "keys", clock,
        async session =>
        {
            await session.Execute("select pg_advisory_xact_lock(@Lock)", new { Lock });
            var rows = await Rows(session);
            if (rows.Any(row => Open(row) is null))
                return false;
            if (rows.Count == 0)
                keys.CreateNewKey(TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow() + Life);
            return true;
        },
        stop);

    public IReadOnlyCollection<XElement> GetAllElements() => Apart(async () =>
    {
        var found = new List<XElement>();
        foreach (var row in await database.Run(Core, null, "keys", clock, Rows, CancellationToken.None))
            if (Open(row) is { } element)
                found.Add(element);
            else
                log.LogError("The key {Name} was sealed with another secret than this host's: what it sealed cannot be opened here. Give all hosts the same PORTICO_Secrets__keys__value.", row.Name);
        return found;
    });

    public void StoreElement(XElement element, string friendlyName) => Apart(() => database.Run(
        Core, null, "keys", clock,
        session => session.Execute(
            "insert into core.form_key (name, sealed, made_at) values (@friendlyName, @bytes, @now)",
            new { friendlyName, bytes = Seal(friendlyName, Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting))), now = clock.GetUtcNow() }),
        CancellationToken.None));

    static Task<IReadOnlyList<KeyRow>> Rows(EntitySession session) => session.List<KeyRow>("select name, sealed from core.form_key order by made_at, name");

    /// <summary>The framework asks in the middle of whatever is going on, a transaction perhaps, and waits: so on another thread that knows nothing of it.</summary>
    static T Apart<T>(Func<Task<T>> work)
    {
        using (ExecutionContext.SuppressFlow())
            return Task.Run(work).GetAwaiter().GetResult();
    }

    byte[] Seal(string name, byte[] plain)
    {
        var whole = new byte[1 + Nonce + Tag + plain.Length];
        whole[0] = Form;
        RandomNumberGenerator.Fill(whole.AsSpan(1, Nonce));
        using var cipher = new AesGcm(_key, Tag);
        cipher.Encrypt(whole.AsSpan(1, Nonce), plain, whole.AsSpan(1 + Nonce + Tag), whole.AsSpan(1 + Nonce, Tag), Encoding.UTF8.GetBytes(name));
        return whole;
    }

    XElement? Open(KeyRow row)
    {
        var whole = row.Sealed.AsSpan();
        if (whole.Length <= 1 + Nonce + Tag || whole[0] != Form)
            return null;
        var plain = new byte[whole.Length - 1 - Nonce - Tag];
        using var cipher = new AesGcm(_key, Tag);
        try
        {
            cipher.Decrypt(whole.Slice(1, Nonce), whole[(1 + Nonce + Tag)..], whole.Slice(1 + Nonce, Tag), plain, Encoding.UTF8.GetBytes(row.Name));
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
        return XElement.Parse(Encoding.UTF8.GetString(plain));
    }

    sealed class KeyRow
    {
        public string Name { get; init; } = "";
        public byte[] Sealed { get; init; } = [];
    }
}
