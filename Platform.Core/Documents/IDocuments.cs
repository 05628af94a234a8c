using System.Globalization;
using Platform.Core.Entities;

namespace Platform.Core.Documents;

/// <summary>Documents of a service that anybody may check by their code. Ask for it in a constructor.</summary>
/// <remarks>The service keeps the bytes, their SHA-256 and the code in its own tables, and answers for them by an <see cref="IDocumentCheck"/>.</remarks>
public interface IDocuments
{
    /// <summary>The creditor of this call, in whose name documents are issued.</summary>
    /// <exception cref="InvalidOperationException">This call has no creditor.</exception>
    ValueTask<Entity> Issuer(CancellationToken stop);

    /// <summary>A new code: the issuer's own, a hyphen and 130 random bits in 26 characters, so that a look-up needs no other entity's rows and nobody guesses one.</summary>
    string NewCode(Entity issuer);

    /// <summary>Where anybody checks a code: for the <see cref="QrCode"/> of a document.</summary>
    Uri CheckOf(string code);

    /// <summary>As <see cref="DocumentWriter.Write(Document)"/>; where the host is a demonstration the document says so, whatever <see cref="Document.Demo"/> is.</summary>
    byte[] Write(Document document);

    /// <summary>Several in one file, as <see cref="DocumentWriter.Write(IReadOnlyList{Document})"/>: for an office that prints them.</summary>
    byte[] Write(IReadOnlyList<Document> documents);
}

/// <summary>Answers for the documents of a service: <c>service.Provides&lt;IDocumentCheck, T&gt;()</c>. Asked when somebody opens the address of a code that is not a payment's receipt.</summary>
public interface IDocumentCheck
{
    /// <summary>The document of a code; null where it is none of this service. Anybody may ask, so it tells no more than what the reader of the paper needs in order to compare it.</summary>
    /// <param name="code">As it was issued; the session is bound to the entity whose code it begins with.</param>
    /// <param name="culture">The reader's language, it or en.</param>
    ValueTask<CheckedDocument?> Find(string code, CultureInfo culture, CancellationToken stop);
}

/// <summary>What a public check tells of a document.</summary>
/// <param name="Title">What it is, with its number.</param>
/// <param name="Withdrawn">Why it holds no longer, in a sentence; null while it does.</param>
/// <param name="Facts">What to compare with the paper. No names: the paper has them.</param>
/// <param name="Sha256">Of the file as it was handed out; 32 bytes.</param>
public sealed record CheckedDocument(string Title, string? Withdrawn, IReadOnlyList<Fact> Facts, byte[] Sha256);
