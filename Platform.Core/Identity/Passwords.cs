using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Konscious.Security.Cryptography;

namespace Platform.Core.Identity;

/// <summary>
/// Keeps passwords as Argon2id (RFC 9106) with the parameters beside the hash, so that they can be raised. 19 MiB, two passes, one lane: the least that OWASP's cheat sheet on
/// password storage recommends, since a sign-in is rare and a host small.
/// </summary>
internal static class Passwords
{
    public const int Shortest = 12;
    public const int Longest = 128;

    const int Kibibytes = 19456;
    const int Passes = 2;
    const int Salt = 16;
    const int Bytes = 32;

    // Each takes its memory: a flood of sign-ins must not take the host's.
    static readonly SemaphoreSlim Turns = new(2, 2);

    static readonly Lazy<Task<string>> Nobodys = new(() => Hash("nobody has this password"));

    /// <summary>Whether it is too short or long, hardly more than one character, or what somebody would try first.</summary>
    public static bool IsWeak(string password, string? login, string? name) =>
        password.Length is < Shortest or > Longest || password.Distinct().Count() < 5 || login is not null && password.Contains(login.Trim(), StringComparison.OrdinalIgnoreCase)
        || GuessablePasswords.IsGuessable(password, login, name);

    public static async Task<string> Hash(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(Salt);
        var hash = await Derive(password, salt, Kibibytes, Passes);
        return string.Create(CultureInfo.InvariantCulture, $"argon2id$v=19$m={Kibibytes},t={Passes},p=1${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");
    }

    /// <summary>Whether it is the password of <paramref name="kept"/>. Where there is none the same work is done, so that the time tells nobody who exists.</summary>
    public static async Task<bool> Matches(string password, string? kept)
    {
        var parts = (kept ?? await Nobodys.Value).Split('$');
        var terms = parts[2].Split(',').Select(term => int.Parse(term.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture)).ToArray();
        var same = CryptographicOperations.FixedTimeEquals(await Derive(password, Convert.FromBase64String(parts[3]), terms[0], terms[1]), Convert.FromBase64String(parts[4]));
        return same && kept is not null;
    }

    static async Task<byte[]> Derive(string password, byte[] salt, int kibibytes, int passes)
    {
        await Turns.WaitAsync();
        try
        {
            // Typed on another machine, an accented letter may come as two characters.
            using var argon = new Argon2id(Encoding.UTF8.GetBytes(password.Normalize(NormalizationForm.FormKC))) { Salt = salt, MemorySize = kibibytes, Iterations = passes, DegreeOfParallelism = 1 };
            return await Task.Run(() => argon.GetBytes(Bytes));
        }
        finally
        {
            Turns.Release();
        }
    }
}
