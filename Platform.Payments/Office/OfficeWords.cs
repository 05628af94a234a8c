using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Time;

namespace Platform.Payments.Office;

/// <summary>How console pages say what rows hold.</summary>
internal static class OfficeWords
{
    public static string At(this Texts t, DateTimeOffset at) => LegalTime.Local(at).ToString("d MMM yyyy, HH:mm", t.Culture);

    public static string Day(this Texts t, DateOnly day) => day.ToString("d MMM yyyy", t.Culture);

    public static string Cents(this Texts t, long cents) => new Euro(cents).In(t.Culture);

    /// <summary>A word of ours in the reader's language; as it stands where the catalogue has none.</summary>
    public static string Word(this Texts t, string list, string word) => t[$"{list}.{word}"] is var text && text != $"{list}.{word}" ? text : word;

    /// <summary>What an account is, by the first part of its name.</summary>
    public static string Account(this Texts t, string account) => account.Split('/', 2) is [var kind, var rest] ? $"{t.Word("office.account", kind)} ({rest})" : t.Word("office.account", account);

    /// <summary>Who did something: an officer by the end of his number, an operator at the command line by the name that he gave, or the host itself.</summary>
    public static string Who(this Texts t, string actor) => actor.Split(':', 2) switch
    {
        ["officer", { Length: > 6 } number] => t["office.who.officer", number[^6..]],
        ["cli", var name] => t["office.who.operator", name],
        _ => t.Word("office.who", actor),
    };

    public static string StatePath(string path, string order) => $"{path}/pagamento/{order}";
}
