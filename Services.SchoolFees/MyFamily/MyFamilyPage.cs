using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Identity;
using Platform.Core.Pages;
using Platform.Core.Storage;

namespace Services.SchoolFees;

/// <summary>The households whose bills somebody sees who has shown who he is: his own, and those of whom he is a delegate.</summary>
internal sealed record FindHouseholds(TaxCode Person) : ICommand<IReadOnlyList<FoundHousehold>>;

/// <param name="Name">Whose household it is.</param>
/// <param name="Delegate">He pays in another's place.</param>
internal sealed record FoundHousehold(string Payer, string Name, bool Delegate);

internal sealed class FindHouseholdsHandler(ISessions sessions) : ICommandHandler<FindHouseholds, IReadOnlyList<FoundHousehold>>
{
    public Task<IReadOnlyList<FoundHousehold>> Handle(FindHouseholds command, CancellationToken stop) => sessions.Run(
        session => session.List<FoundHousehold>(
            """
            with me as (select person_id, given_name || ' ' || family_name as name from schoolfees.person where entity_id = @entity and tax_code = @code)
            select me.person_id as payer, me.name, false as delegate
              from me
             where exists (select from schoolfees.bill b where b.entity_id = @entity and b.payer_id = me.person_id and b.state not in ('draft', 'approved'))
                or exists (select from schoolfees.pupil u join schoolfees.wallet w on w.entity_id = u.entity_id and w.pupil_id = u.pupil_id where u.entity_id = @entity and u.payer_id = me.person_id)
            union all
            select d.payer_id, p.given_name || ' ' || p.family_name, true
              from me
              join schoolfees.delegate d on d.entity_id = @entity and d.delegate_id = me.person_id
              join schoolfees.person p on p.entity_id = @entity and p.person_id = d.payer_id
             order by 3, 2, 1
             limit 50
            """,
            new { entity = session.Entity, code = command.Person.Value }),
        stop);
}

/// <summary>All bills of the family without a code: who signed in has shown whose they are.</summary>
[RequiresSignIn(Level = 2)]
internal sealed class MyFamilyPage(ICommands commands, ILinks links) : IPage
{
    public const string Pattern = "famiglia";

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        var found = await commands.Send(new FindHouseholds(request.Citizen!.TaxCode), stop);
        string To(FoundHousehold household) => $"{request.Path}/{BillLinks.ToHousehold(links, household.Payer, household.Delegate)}";
        return found is [var only]
            ? PageAnswer.Go(To(only))
            : PageAnswer.View<MyFamilyView>(new MyFamilyModel(SchoolFeesTexts.In(request.Culture), [.. found.Select(household => new Crumb(household.Name, To(household)))], request.Path, request.Creditor));
    }
}

/// <summary>The households to choose from; none where there is nothing in his name.</summary>
public sealed record MyFamilyModel(Texts Texts, IReadOnlyList<Crumb> Households, string SearchPath, Entity Creditor);
