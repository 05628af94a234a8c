using System.Text.RegularExpressions;

namespace Platform.Core.Identity;

/// <summary>
/// What of a password nobody would try first: the letters that are left when words of such places, the person's own names, years, runs of the alphabet and the keyboard, and repetitions
/// are taken away. It stands in for a list of common passwords: those of twelve characters and more are made of these.
/// </summary>
internal static partial class GuessablePasswords
{
    /// <summary>Fewer are too few.</summary>
    public const int Least = 6;

    const int Shortest = 4;

    static readonly string[] Words =
    [
        "password", "passw", "parola", "segreta", "segreto", "secret", "portico", "admin", "amministra", "administra", "utente", "user", "login", "accesso", "accedi", "benvenut", "welcome", "comune", "provincia",
        "unione", "ufficio", "office", "municipio", "polizia", "vigili", "scuola", "multe", "italia", "bologna", "roma", "milano", "cambiami", "changeme", "letmein", "iloveyou", "tiamo", "ciao", "hello", "prova",
        "test", "demo", "computer", "internet", "estate", "inverno", "primavera", "autunno", "summer", "winter", "spring", "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto",
        "settembre", "ottobre", "novembre", "dicembre", "juventus", "inter", "milan", "napoli", "ferrari", "amore", "francesco", "andrea", "alessandro", "giuseppe", "maria", "master", "dragon", "monkey", "princess",
        "football", "sunshine", "trustno", "qwerty", "azerty",
    ];

    static readonly string[] Rows = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz", "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb6yhn7ujm"];

    static readonly string[] Runs = [.. Rows, .. Rows.Select(row => new string([.. row.Reverse()]))];

    /// <param name="own">The person's name and sign-in name.</param>
    public static bool IsGuessable(string password, params IEnumerable<string?> own)
    {
        var typed = password.ToLowerInvariant();
        var plain = string.Concat(typed.Select(Letter));
        var known = new bool[typed.Length];
        foreach (var word in Words.Concat(own.OfType<string>().SelectMany(name => Parts().Split(name.ToLowerInvariant()))).Where(word => word.Length >= Shortest))
            foreach (var text in new[] { typed, plain })
                for (var at = text.IndexOf(word, StringComparison.Ordinal); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.Ordinal))
                    Mark(known, at, word.Length);
        foreach (Match year in Years().Matches(typed))
            Mark(known, year.Index, year.Length);
        for (var at = 0; at + 3 <= typed.Length; at++)
        {
            var three = typed.Substring(at, 3);
            if (Runs.Any(run => run.Contains(three, StringComparison.Ordinal)) || three[0] == three[1] && three[1] == three[2] || typed.IndexOf(three, StringComparison.Ordinal) < at)
                Mark(known, at, 3);
        }
        return known.Zip(typed).Count(one => !one.First && !char.IsWhiteSpace(one.Second)) < Least;
    }

    static void Mark(bool[] known, int from, int length) => Array.Fill(known, true, from, length);

    /// <summary>The letter for which a sign usually stands.</summary>
    static char Letter(char sign) => sign switch { '0' => 'o', '1' or '!' => 'i', '3' => 'e', '4' or '@' => 'a', '5' or '$' => 's', '7' => 't', _ => sign };

    [GeneratedRegex(@"(19|20)\d\d", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Years();

    [GeneratedRegex("[^a-z0-9]+", RegexOptions.None, 1000)]
    private static partial Regex Parts();
}
