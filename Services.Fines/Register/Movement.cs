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
               coalesce(@cents, (select nullif(sum(case p.kind when 'short' then -p.cents else p.cents end), 0) from fines.movement p
                                  where p.entity_id = @entity and p.fine_id = f.fine_id and p.part = @part and p.kind in ('paid', 'short', 'made_good') and p.order_no = @order
                                    and p.version > coalesce((select max(u.version) from fines.movement u where u.entity_id = @entity and u.fine_id = f.fine_id and u.part = @part and u.kind = 'reversed' and u.order_no = @order), -1))), @day, @at
          from fines.fine f
         where f.entity_id = @entity and f.series = @Series and f.year = @Year and f.number = @Number
           and f.imported_at <= @at   -- what was told of a fine that was taken back with its file is not about the one that another file brought
        on conflict (entity_id, fine_id, part, version) do nothing
        """,
        new { entity = session.Entity, name.Series, name.Year, name.Number, part, version, kind, order, cents = cents?.Cents, day = LegalTime.Day(at), at });

    /// <summary>Writes down by how much what the bank took differs from what was told until now of an order that paid the fine.</summary>
    public static Task Correct(IEntitySession session, FineNumber name, int part, int version, string order, Euro taken, DateTimeOffset at) =>
        Difference(session, name, part, version, order, taken, at, ["paid", "made_good"], "made_good", "short");

    /// <summary>Writes down by how much what an order brought beyond what was owed differs from what was told until now.</summary>
    public static Task Surplus(IEntitySession session, FineNumber name, int part, int version, string order, Euro stands, DateTimeOffset at) =>
        Difference(session, name, part, version, order, stands, at, ["surplus"], "surplus", "surplus_back");

    static Task<int> Difference(IEntitySession session, FineNumber name, int part, int version, string order, Euro stands, DateTimeOffset at, string[] counted, string up, string down) => session.Execute(
        """
        with told as (
            select f.fine_id,
                   (select coalesce(sum(case when m.kind = @down then -m.cents else m.cents end), 0) from fines.movement m
                     where m.entity_id = @entity and m.fine_id = f.fine_id and m.part = @part and m.order_no = @order and (m.kind = any(@counted) or m.kind = @down)
                       and m.version > coalesce((select max(u.version) from fines.movement u
                                                  where u.entity_id = @entity and u.fine_id = f.fine_id and u.part = @part and u.kind = 'reversed' and u.order_no = @order), -1)) as cents
              from fines.fine f
             where f.entity_id = @entity and f.series = @Series and f.year = @Year and f.number = @Number)
        insert into fines.movement (entity_id, fine_id, part, version, kind, order_no, cents, moved_on, moved_at)
        select @entity, fine_id, @part, @version, case when @stands > cents then @up else @down end, @order, abs(@stands - cents), @day, @at from told where cents <> @stands
        on conflict (entity_id, fine_id, part, version) do nothing
        """,
        new { entity = session.Entity, name.Series, name.Year, name.Number, part, version, order, stands = stands.Cents, counted, up, down, day = LegalTime.Day(at), at });

    /// <summary>A payment that a file may have told as whole turned out to be too little.</summary>
    /// <param name="part">Under which the rest is asked for.</param>
    public static Task Asked(IEntitySession session, Guid fine, int part, string order, Euro missing, DateTimeOffset at) => session.Execute(
        """
        insert into fines.movement as m (entity_id, fine_id, part, version, kind, order_no, cents, moved_on, moved_at)
        select @entity, @fine, @part, 0, 'asked', @order, @missing, @day, @at
         where exists (select from fines.movement p where p.entity_id = @entity and p.fine_id = @fine and p.part = 0 and p.kind = 'paid' and p.order_no = @order and p.run is not null)
        on conflict (entity_id, fine_id, part, version) do update set cents = excluded.cents, moved_on = excluded.moved_on, moved_at = excluded.moved_at where m.run is null
        """,
        new { entity = session.Entity, fine, part, order, missing = missing.Cents, day = LegalTime.Day(at), at });

    /// <summary>As the police's own system reads them.</summary>
    /// <param name="missing">Of the fine, after it.</param>
    public static string Italian(string kind, int part, Euro missing) => kind switch
    {
        "paid" when missing > Euro.Zero => "acconto",
        "paid" when part > 0 => "saldo",
        "paid" => "pagato",
        "short" => "incasso_ridotto",
        "made_good" => "incasso_integrato",
        "asked" => "differenza_dovuta",
        "surplus" => "eccedenza",
        "surplus_back" => "eccedenza_resa",
        "reversed" => "stornato",
        "refunded" => "rimborsato",
        "cancelled" => "annullato",
        "expired" => "scaduto",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
