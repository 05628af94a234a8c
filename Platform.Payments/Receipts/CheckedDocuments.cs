using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Payments.Checkout;

namespace Platform.Payments.Receipts;

/// <summary>Lets services issue documents that are checked where receipts are.</summary>
internal sealed class CheckedDocuments(CallContext call, EntityDirectory entities, PublicAddress address, PorticoOptions options) : IDocuments
{
    public async ValueTask<Entity> Issuer(CancellationToken stop) =>
        (await entities.Current(stop)).ById(call.Creditor) ?? throw new InvalidOperationException($"Entity {call.Creditor.Value} is unknown.");

    public string NewCode(Entity issuer)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        return EntityCoded.New(issuer.Code);
    }

    public Uri CheckOf(string code) => address.CheckOf(code);

    public byte[] Write(Document document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return Write([document]);
    }

    public byte[] Write(IReadOnlyList<Document> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        return DocumentWriter.Write(options.Profile == Profile.Demo ? [.. documents.Select(document => document with { Demo = true })] : documents);
    }
}
