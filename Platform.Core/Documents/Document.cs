using Platform.Core.Entities;
using Platform.Core.Money;

namespace Platform.Core.Documents;

/// <summary>What a document says, in the order a reader meets it. <see cref="DocumentWriter"/> decides how it looks.</summary>
/// <remarks>
/// Every text may come from strangers: control and direction-changing characters are dropped, characters the fonts lack are written as their plain
/// letter or as <c>◊</c>, long text wraps and flows over pages. Nothing in a text is ever interpreted as markup.
/// </remarks>
public sealed record Document
{
    /// <summary>In whose name it is issued: the body's name, colour and contacts are on every page, and it is the file's author.</summary>
    public required Entity Issuer { get; init; }

    /// <summary>What it is: "Ricevuta di pagamento".</summary>
    public required string Title { get; init; }

    /// <summary>Number or reference under the title, or null.</summary>
    public string? Subtitle { get; init; }

    /// <summary>When it was issued. Shown as a date of Europe/Rome; it is also the file's creation time, so that the same document is the same bytes.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Language tag of its texts (BCP 47), told to screen readers. The writer's own few words are English for <c>en</c>, else Italian.</summary>
    public string Language { get; init; } = "it";

    /// <summary>Marks every page and the file's title as worthless.</summary>
    public bool Demo { get; init; }

    /// <summary>Code by which anybody may check the document with its issuer; in the footer of every page. Null if it has none.</summary>
    public string? VerificationCode { get; init; }

    public required IReadOnlyList<DocumentBlock> Blocks { get; init; }
}

/// <summary>A part of a <see cref="Document"/>; the kinds are closed.</summary>
public abstract record DocumentBlock
{
    private protected DocumentBlock() { }
}

/// <summary>A heading; it stays on the page of what follows.</summary>
public sealed record Heading(string Text) : DocumentBlock;

/// <summary>Running text; a line feed starts a new line.</summary>
public sealed record Paragraph(string Text) : DocumentBlock;

/// <summary>The one figure the reader looks for, large.</summary>
/// <param name="Note">A line under the amount, such as how and when it was paid, or null.</param>
public sealed record Figure(string Label, Euro Amount, string? Note = null) : DocumentBlock;

/// <summary>Labels with their values, one below the other.</summary>
public sealed record Facts(IReadOnlyList<Fact> Items) : DocumentBlock;

/// <summary>A label with its value.</summary>
public sealed record Fact(string Label, DocumentCell Value);

/// <summary>A table; its header is repeated on each page it runs over.</summary>
/// <param name="Rows">Each with at most as many cells as there are columns; missing ones stay empty.</param>
/// <param name="Total">A closing line, kept with the last row; null for none. The writer adds nothing up.</param>
public sealed record Table(IReadOnlyList<Column> Columns, IReadOnlyList<IReadOnlyList<DocumentCell>> Rows, Total? Total = null) : DocumentBlock;

/// <summary>A column of a table.</summary>
/// <param name="Share">Its part of the width, relative to the other columns; positive.</param>
/// <param name="Amounts">Whether its cells are set flush right, as figures are.</param>
public sealed record Column(string Title, float Share = 1, bool Amounts = false);

/// <summary>The closing line of a table.</summary>
public sealed record Total(string Label, Euro Amount);

/// <summary>An address as a QR code (error correction M), with a caption and the address in letters, which is also a link.</summary>
/// <param name="Address">Absolute, at most 1,000 characters.</param>
public sealed record QrCode(Uri Address, string Caption) : DocumentBlock;

/// <summary>A text, or an amount that is written as the document's language writes it.</summary>
public readonly record struct DocumentCell
{
    readonly string? _text;
    readonly Euro? _amount;

    DocumentCell(string? text, Euro? amount) => (_text, _amount) = (text, amount);

    public static DocumentCell Of(string? text) => new(text, null);

    public static DocumentCell Of(Euro amount) => new(null, amount);

    public static implicit operator DocumentCell(string? text) => Of(text);

    public static implicit operator DocumentCell(Euro amount) => Of(amount);

    internal string In(Wording wording) => _amount is { } amount ? amount.In(wording.Culture) : _text ?? "";
}
