using Platform.Core.Money;
using Platform.Core.Storage;

namespace Services.SchoolFees.Wallets;

/// <summary>A pupil's prepaid wallet for a service, with what is in it.</summary>
/// <param name="Payer">Who pays for the pupil now.</param>
/// <param name="Balance">Below zero: what the family owes.</param>
internal sealed record Wallet(Guid Id, string Code, string Pupil, string PupilName, string Payer, string ServiceId, string Service, string TaxCode, string Account, Euro Balance)
{
    public const string Columns =
        """
        select w.wallet_id as id, w.code, w.pupil_id as pupil, n.given_name as pupilName, u.payer_id as payer, w.service_id as serviceId, s.name as service, s.tax_code as taxCode, s.account,
               (select coalesce(sum(l.cents), 0) from schoolfees.wallet_line l where l.entity_id = w.entity_id and l.wallet_id = w.wallet_id)::bigint as balance
          from schoolfees.wallet w
          join schoolfees.pupil u on u.entity_id = w.entity_id and u.pupil_id = w.pupil_id
          join schoolfees.person n on n.entity_id = w.entity_id and n.person_id = w.pupil_id
          join schoolfees.service s on s.entity_id = w.entity_id and s.service_id = w.service_id

        """;

    public static Task<Wallet?> Find(IEntitySession session, Guid id) => session.First<Wallet>(Columns + "where w.entity_id = @entity and w.wallet_id = @id", new { entity = session.Entity, id });
}

/// <summary>A line of a wallet.</summary>
public sealed record WalletLine(DateOnly Day, string Kind, Euro Cents, string? OrderNumber)
{
    /// <summary>The newest first.</summary>
    internal static Task<IReadOnlyList<WalletLine>> Of(IEntitySession session, Guid wallet, int most, int skip) => session.List<WalletLine>(
        """
        select day, kind, cents, order_number as orderNumber from schoolfees.wallet_line where entity_id = @entity and wallet_id = @wallet
         order by day desc, written_at desc, cause, n desc limit @most offset @skip
        """, new { entity = session.Entity, wallet, most, skip });
}

/// <summary>Money that a family puts into a wallet: a position of its own for each time.</summary>
internal sealed record TopUp(Guid Id, string Code, Guid Wallet, Euro Cents, string Service, string TaxCode, string Account, string? PayerTaxCode, string PayerName, Euro Stands)
{
    public const string Prefix = "RIC-";

    public const string Columns =
        """
        select t.topup_id as id, t.code, t.wallet_id as wallet, t.cents, s.name as service, s.tax_code as taxCode, s.account, p.tax_code as payerTaxCode, p.given_name || ' ' || p.family_name as payerName,
               (select coalesce(sum(l.cents), 0) from schoolfees.wallet_line l where l.entity_id = t.entity_id and l.topup_id = t.topup_id)::bigint as stands
          from schoolfees.topup t
          join schoolfees.wallet w on w.entity_id = t.entity_id and w.wallet_id = t.wallet_id
          join schoolfees.service s on s.entity_id = w.entity_id and s.service_id = w.service_id
          join schoolfees.person p on p.entity_id = t.entity_id and p.person_id = t.payer_id

        """;
}
