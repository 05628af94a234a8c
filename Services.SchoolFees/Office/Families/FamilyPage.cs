using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Services.SchoolFees.Office;

/// <summary>Who pays.</summary>
public sealed record FamilyHead(string Id, string Name, string TaxCode, string? Email);

/// <summary>An enrolment of a child; a child without any has one row without a service.</summary>
public sealed record FamilyEnrolment(string Pupil, string Name, DateOnly? BornOn, bool Resident, string? Service, string? School, DateOnly? From, DateOnly? To, bool Exempt, int? Share);

/// <summary>A declaration of means as it was filed.</summary>
public sealed record FamilyIsee(string Protocol, string Kind, DateOnly FiledOn, Euro Amount, bool Flawed);

/// <summary>Somebody else of a household.</summary>
/// <param name="Role"><c>delegate</c>, or <c>share</c> for who pays a part of a child's bills.</param>
public sealed record FamilyOther(string Role, string Id, string Name, string? Pupil, int? Percent);

/// <summary>A credit note of a household.</summary>
public sealed record FamilyCredit(int Number, DateTimeOffset IssuedAt, string Service, Euro Total);

/// <summary>A yearly certificate of a household that holds.</summary>
public sealed record FamilyCertificate(int Year, int Number, string Pupil, Euro School, Euro Nursery);

/// <summary>A household, by who pays.</summary>
[RequiresPermission(DeskPermissions.Families)]
internal sealed record ReadFamily(Guid Person, Func<long, ListPage> Page) : ICommand<ReadFamily.Answer?>
{
    internal sealed record Answer(
        FamilyHead Head, IReadOnlyList<FamilyEnrolment> Enrolments, IReadOnlyList<FamilyIsee> Isees, IReadOnlyList<FamilyOther> Others, IReadOnlyList<FamilyCredit> Credits,
        IReadOnlyList<FamilyCertificate> Certificates, IReadOnlyList<BillRow> Bills, ListPage Page);
}

internal sealed class ReadFamilyHandler(ISessions sessions) : ICommandHandler<ReadFamily, ReadFamily.Answer?>
{
    public Task<ReadFamily.Answer?> Handle(ReadFamily command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            if (await session.First<FamilyHead>(
                    "select person_id as id, given_name || ' ' || family_name as name, tax_code as taxCode, email from schoolfees.person where entity_id = @entity and key = @Person",
                    new { entity = session.Entity, command.Person }) is not { } head)
                return null;
            var key = new { entity = session.Entity, head.Id };
            var page = command.Page(await session.First<long>("select count(*) from schoolfees.bill where entity_id = @entity and payer_id = @Id and state <> 'draft'", key));
            return (ReadFamily.Answer?)new ReadFamily.Answer(
                head,
                await session.List<FamilyEnrolment>(
                    """
                    with children as (
                        select pupil_id, resident, null::int as percent from schoolfees.pupil where entity_id = @entity and payer_id = @Id
                        union all
                        select h.pupil_id, u.resident, h.percent from schoolfees.share h join schoolfees.pupil u on u.entity_id = h.entity_id and u.pupil_id = h.pupil_id where h.entity_id = @entity and h.payer_id = @Id)
                    select c.pupil_id as pupil, n.given_name || ' ' || n.family_name as name, n.born_on as bornOn, c.resident, s.name as service, k.name as school, e.starts_on as "from", e.ends_on as "to",
                           coalesce(e.exempt, false) as exempt, c.percent as share
                      from children c
                      join schoolfees.person n on n.entity_id = @entity and n.person_id = c.pupil_id
                      left join schoolfees.enrolment e on e.entity_id = @entity and e.pupil_id = c.pupil_id
                      left join schoolfees.service s on s.entity_id = @entity and s.service_id = e.service_id
                      left join schoolfees.school k on k.entity_id = @entity and k.school_id = e.school_id
                     order by n.born_on, c.pupil_id, e.starts_on desc, s.name limit 200
                    """, key),
                await session.List<FamilyIsee>("select protocol, kind, filed_on as filedOn, amount_cents as amount, flawed from schoolfees.isee where entity_id = @entity and payer_id = @Id order by filed_on desc limit 20", key),
                await session.List<FamilyOther>(
                    """
                    select 'delegate' as role, n.person_id as id, n.given_name || ' ' || n.family_name as name, null as pupil, null::int as percent
                      from schoolfees.delegate d join schoolfees.person n on n.entity_id = d.entity_id and n.person_id = d.delegate_id where d.entity_id = @entity and d.payer_id = @Id
                    union all
                    select 'share', n.person_id, n.given_name || ' ' || n.family_name, h.pupil_id, h.percent
                      from schoolfees.share h
                      join schoolfees.pupil u on u.entity_id = h.entity_id and u.pupil_id = h.pupil_id and u.payer_id = @Id
                      join schoolfees.person n on n.entity_id = h.entity_id and n.person_id = h.payer_id where h.entity_id = @entity
                     order by 1, 2 limit 100
                    """, key),
                await session.List<FamilyCredit>(
                    """
                    select c.number, c.issued_at as issuedAt, s.name as service, c.total_cents as total
                      from schoolfees.credit_note c join schoolfees.service s on s.entity_id = c.entity_id and s.service_id = c.service_id
                     where c.entity_id = @entity and c.payer_id = @Id order by c.number desc limit 50
                    """, key),
                await session.List<FamilyCertificate>(
                    """
                    select c.year, c.number, n.given_name as pupil, c.school_cents as school, c.nursery_cents as nursery
                      from schoolfees.certificate c join schoolfees.person n on n.entity_id = c.entity_id and n.person_id = c.pupil_id
                     where c.entity_id = @entity and c.payer_id = @Id and c.replaced_at is null order by c.year desc, c.number limit 50
                    """, key),
                await session.List<BillRow>(
                    """
                    select b.code, s.name as service, b.period, n.given_name as pupil, b.total_cents as total, b.due_on as dueOn, case when b.state = 'open' and b.plan is not null then 'in_rate' else b.state end as state
                      from schoolfees.bill b
                      join schoolfees.service s on s.entity_id = b.entity_id and s.service_id = b.service_id
                      join schoolfees.person n on n.entity_id = b.entity_id and n.person_id = b.pupil_id
                     where b.entity_id = @entity and b.payer_id = @Id and b.state <> 'draft'
                     order by b.period desc, b.code limit @Rows offset @Skip
                    """, new { entity = session.Entity, head.Id, ListPage.Rows, page.Skip }),
                page);
        },
        stop);
}

/// <summary>A household: children and their enrolments, means, who else pays or may look, bills, credit notes, certificates. Each look is in the journal.</summary>
[RequiresPermission(DeskPermissions.Families), ShowsPersonalData]
internal sealed class FamilyPage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var person = Guid.Parse(request.Route["person"]);
        if (await commands.Send(new ReadFamily(person, rows => ListPage.Asked(request.Query, rows, $"{request.Path}/famiglie/{person}")), stop) is not { } family)
            return PageAnswer.NotFound;
        return PageAnswer.View<FamilyView>(new FamilyModel(
            family.Head, family.Enrolments, family.Isees, family.Others, family.Credits, family.Certificates, family.Bills, family.Page, request.Path, request.Officer!.May(DeskPermissions.Read)));
    }
}

public sealed record FamilyModel(
    FamilyHead Head, IReadOnlyList<FamilyEnrolment> Enrolments, IReadOnlyList<FamilyIsee> Isees, IReadOnlyList<FamilyOther> Others, IReadOnlyList<FamilyCredit> Credits,
    IReadOnlyList<FamilyCertificate> Certificates, IReadOnlyList<BillRow> Bills, ListPage Page, string Path, bool SeesBills);
