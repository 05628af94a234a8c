using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using MimeKit;
using MimeKit.Utils;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Pages;

namespace Platform.Core.Mail;

/// <summary>Makes the message of a letter: the same bytes for the same letter, but for its date.</summary>
internal sealed partial class MailComposer(EntityDirectory entities, PorticoOptions options, MailOptions mail)
{
    /// <summary>Stable, and not to be guessed: the letter's number, the entity's code before it so that a bounce finds its row without looking through others'.</summary>
    public string MessageId(Entity creditor, Guid letter) => $"{creditor.Code}.{letter:N}@{mail.From[(mail.From.IndexOf('@', StringComparison.Ordinal) + 1)..]}";

    /// <summary>The entity's code and the letter's number in a Message-ID of ours; null when it is none.</summary>
    public static (string Entity, Guid Letter)? LetterOf(string? messageId) =>
        messageId is not null && IdPattern().Match(messageId) is { Success: true } own ? (own.Groups["entity"].Value, Guid.ParseExact(own.Groups["letter"].ValueSpan, "N")) : null;

    public async Task<MimeMessage> Compose(LetterRow letter, IReadOnlyList<LetterFile> files, DateTimeOffset now, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        var creditor = known.ById(new(letter.EntityId)) ?? throw new InvalidOperationException($"Entity {letter.EntityId} is unknown.");
        var writer = known.ById(new(letter.ShownBy)) ?? creditor;
        var texts = PageTexts.Catalog.In(PageCultures.Of(letter.Language));
        var to = MailAddress.Of(letter.Recipient!) ?? throw new FormatException("The recipient's address cannot be one.");

        var foot = new StringBuilder().Append(writer.Name);
        if (writer.Id != creditor.Id)
            foot.Append('\n').Append(texts["mail.for", creditor.Name]);
        foreach (var contact in (string?[])[writer.Address, writer.Phone, writer.Email, writer.Website])
            if (contact is { Length: > 0 })
                foot.Append('\n').Append(contact);
        foot.Append("\n\n").Append(texts[writer.Email is { Length: > 0 } ? "mail.automatic" : "mail.automatic.noreply"]);
        var demo = options.Profile == Profile.Demo ? texts["mail.demo"] + "\n\n" : "";

        var message = new MimeMessage
        {
            MessageId = MessageId(creditor, letter.MailId),
            Date = now,
            Subject = (options.Profile == Profile.Demo ? "[DEMO] " : "") + letter.Subject,
        };
        message.From.Add(new MailboxAddress(writer.Name, mail.From));
        if (writer.Email is { } answers && MailAddress.Of(answers) is { } office)
            message.ReplyTo.Add(new MailboxAddress(writer.Name, office.Address));
        message.To.Add(to);
        // No out-of-office answers to a machine (RFC 3834 §5).
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.Headers.Add("Content-Language", letter.Language);
        var body = new BodyBuilder { TextBody = $"{demo}{letter.Body}\n\n-- \n{foot}\n", HtmlBody = Html(writer, letter, demo, foot.ToString()) };
        foreach (var file in files)
            body.Attachments.Add(file.Name, file.Content, ContentType.Parse(file.MediaType));
        message.Body = body.ToMessageBody();
        return message;
    }

    static string Html(Entity writer, LetterRow letter, string demo, string foot)
    {
        var html = new StringBuilder()
            .Append("<!DOCTYPE html>\n<html lang=\"").Append(letter.Language).Append("\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>")
            .Append(WebUtility.HtmlEncode(letter.Subject)).Append("</title></head>\n<body style=\"margin:0;padding:16px;background:#f5f6f7;font:16px/1.5 Titillium Web,Arial,sans-serif;color:#17324d\">")
            .Append("<div style=\"max-width:600px;margin:0 auto;background:#ffffff;padding:24px;border-top:4px solid ").Append(writer.Colour).Append("\">\n");
        foreach (var paragraph in (demo + letter.Body).Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            html.Append("<p style=\"margin:0 0 16px\">").Append(Linked(paragraph)).Append("</p>\n");
        return html.Append("<p style=\"margin:24px 0 0;padding-top:16px;border-top:1px solid #d9dadb;font-size:14px;color:#455b71\">").Append(Linked(foot)).Append("</p></div></body></html>\n").ToString();
    }

    /// <summary>Everything encoded; the words of a link are its address.</summary>
    static string Linked(string text)
    {
        var html = new StringBuilder();
        var from = 0;
        foreach (var link in Links().EnumerateMatches(text))
        {
            var address = WebUtility.HtmlEncode(text.Substring(link.Index, link.Length));
            html.Append(WebUtility.HtmlEncode(text[from..link.Index])).Append("<a href=\"").Append(address).Append("\">").Append(address).Append("</a>");
            from = link.Index + link.Length;
        }
        return html.Append(WebUtility.HtmlEncode(text[from..])).Replace("\n", "<br>\n").ToString();
    }

    [GeneratedRegex(@"https?://[^\s<>""']*[^\s<>""'.,;:!?)]", RegexOptions.None, 1000)]
    private static partial Regex Links();

    [GeneratedRegex(@"^<?(?<entity>[0-9A-Z]{3})\.(?<letter>[0-9a-f]{32})@[^\s<>@]{1,255}>?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex IdPattern();
}
