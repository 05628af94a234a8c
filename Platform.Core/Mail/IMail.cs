using System.Globalization;
using Platform.Core.Entities;
using Platform.Core.Storage;

namespace Platform.Core.Mail;

/// <summary>Letters by e-mail, in the name of an entity. Ask for it in a constructor.</summary>
public interface IMail
{
    /// <summary>
    /// Writes a letter in this transaction: with its commit it will be sent, without it it never was. Sent at least once, and always under the same
    /// <c>Message-ID</c>, by which mail servers and readers tell a second copy; tried again for three days while the mail server does not answer or says "later".
    /// </summary>
    /// <remarks>
    /// One letter per (creditor, service, <see cref="Letter.Key"/>): a repeated call does nothing, whatever else is in it. Recipient and words are kept until thirty days after the
    /// letter ended, then they are emptied. An address that cannot be one is no error here: the letter is kept as refused, where an officer sees it.
    /// </remarks>
    /// <exception cref="FormatException">The template is not in the service's texts, or asks for a value that <see cref="Letter.Values"/> lacks; the message names it.</exception>
    /// <exception cref="ArgumentException">The letter breaks a limit that <see cref="Letter"/> states.</exception>
    Task Send(IEntitySession session, Letter letter);
}

/// <summary>A letter to one person.</summary>
/// <remarks>
/// Its words stand in the service's texts under <c>mail.{template}.subject</c> and <c>mail.{template}.body</c>, with values as <c>{name}</c>; an empty line
/// begins a paragraph, and an address beginning with <c>https://</c> becomes a link. An entity may replace them by its own. The platform adds who writes, and how to reach him.
/// </remarks>
/// <param name="Key">What makes it the same letter when it is asked for again: <c>reminder/{fine}/2</c>; 1 to 200 characters, no personal data.</param>
/// <param name="To">An e-mail address, as the person typed it.</param>
/// <param name="Template">Name of its words: lower-case letters, digits and hyphens.</param>
/// <param name="Language">Italian or English.</param>
/// <param name="Values">What stands for <c>{name}</c>. Their words are taken as they are: nothing in them can become a header, a link's cover or a tag.</param>
public sealed record Letter(string Key, string To, string Template, CultureInfo Language, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>The municipality in whose name it is written, where that is not the creditor: the one whose page was used.</summary>
    public EntityId? ShownBy { get; init; }

    /// <summary>At most five files, each of at most 2 MiB.</summary>
    public IReadOnlyList<LetterFile> Files { get; init; } = [];

    /// <summary>Without the person: what is written down by mistake must not tell an address.</summary>
    public override string ToString() => $"letter {Template} ({Key})";
}

/// <summary>A file that goes with a letter.</summary>
/// <param name="Name">As the reader sees it: <c>quietanza-12-2026.pdf</c>; 1 to 100 characters, no slashes.</param>
/// <param name="MediaType"><c>application/pdf</c>, for instance.</param>
public sealed record LetterFile(string Name, string MediaType, byte[] Content);
