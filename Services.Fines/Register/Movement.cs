using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Services.Fines.Register;

/// <summary>What payments told of a fine, as the office's files know it.</summary>
internal static class Movement
{
    /// <summary>Writes down, once, what a version of the fine's position told. Nothing happens for a fine that is not in the register.</summary>
    /// <param name="part">0 for the fine, otherwise which of its supplements.</param>
    /// <param name="kind">reversed, refunded, cancelled or expired; what pays is written where it closes the fine.</param>
    /// <param name="order">The payment that it undoes.</param>
    /// <param name="cents">What was given back; null for all that the order had paid.</param>
    public static Task Write(IEntitySession session, FineNumber name, int part, int version, string kind, string? order, DateTimeOffset at, Euro? cents = null) => session.Execute(
        """
        insert into fines.movement (entity_id, fine_id, part, version, kind, order_no, cents, moved_on, moved_at)
        select @entity, f.fine_id, @part, @version, @kind, @order,
               coalesce(@cents, (select p.cents from fines.movement p where p.entity_id = @entity and p.fine_id = f.fine_id and p.kind = 'paid' and p.order_no = @order limit 1)), @day, @at
          from fines.fine f
         where f.entity_id = @entity and f.series = @Series and f.year = @Year and f.number = @Number
           and f.imported_at <= @at   -- what was told of a fine that was taken back with its file is not about the one that another file brought
        on conflict (entity_id, fine_id, part, version) do nothing
        """,
        new { entity = session.Entity, name.Series, name.Year, name.Number, part, version, kind, order, cents = cents?.Cents, day = LegalTime.Day(at), at });

    /// <summary>As officers read the kinds.</summary>
    public static string Italian(string kind) => kind switch
    {
        "paid" => "pagato",
        "reversed" => "stornato",
        "refunded" => "rimborsato",
        "cancelled" => "annullato",
        "expired" => "scaduto",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
