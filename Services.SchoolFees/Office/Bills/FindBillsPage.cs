using System.Globalization;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.SchoolFees.Billing;

namespace Services.SchoolFees.Office;

/// <summary>A bill in a list, without anybody's name.</summary>
public sealed record BillRow(string Code, string Service, DateOnly Period, string Pupil, Euro Total, DateOnly DueOn, string State);

/// <summary>Bills by code, service and state, those of the last months first.</summary>
[RequiresPermission(DeskPermissions.Read)]
internal sealed record FindBills(string? Code, string? Service, string? State, Func<long, ListPage> Page) : ICommand<FindBills.Answer>
{
    internal sealed record Answer(IReadOnlyList<BillRow> Bills, long Found, ListPage Page, IReadOnlyList<Choice> Services);
}

internal sealed class FindBillsHandler(ISessions sessions) : ICommandHandler<FindBills, FindBills.Answer>
{
    public Task<FindBills.Answer> Handle(FindBills command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            var args = new { entity = session.Entity, command.Code, command.Service, command.State };
            var found = await session.First<long>(
                """
                select count(*) from schoolfees.bill b
                 where b.entity_id = @entity and (@Code::text is null or b.code = @Code) and (@Service::text is null or b.service_id = @Service) and (@State::text is null or case when b.state = 'open' and b.plan is not null then 'in_rate' else b.state end = @State)
                """, args);
            var page = command.Page(found);
            return new FindBills.Answer(
                await session.List<BillRow>(
                    """
                    select b.code, s.name as service, b.period, b.pupil_id as pupil, b.total_cents as total, b.due_on as dueOn, case when b.state = 'open' and b.plan is not null then 'in_rate' else b.state end as state
                      from schoolfees.bill b join schoolfees.service s on s.entity_id = b.entity_id and s.service_id = b.service_id
                     where b.entity_id = @entity and (@Code::text is null or b.code = @Code) and (@Service::text is null or b.service_id = @Service) and (@State::text is null or case when b.state = 'open' and b.plan is not null then 'in_rate' else b.state end = @State)
                     order by b.period desc, b.code limit @Rows offset @Skip
                    """, new { entity = session.Entity, command.Code, command.Service, command.State, ListPage.Rows, page.Skip }),
                found, page,
                [.. (await session.List<Named>("select service_id as id, name from schoolfees.service where entity_id = @entity order by name", args)).Select(service => new Choice(service.Id, service.Name))]);
        },
        stop);

    sealed record Named(string Id, string Name);
}

/// <summary>Finds bills. What is asked for is no personal data, so it may stand in the address.</summary>
[RequiresPermission(DeskPermissions.Read)]
internal sealed class FindBillsPage(ICommands commands) : IPage
{
    public const string Code = "codice", Service = "servizio", State = "stato";

    static readonly string[] States = ["draft", "approved", "open", "in_rate", "paid", "cancelled", "expired"];

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var form = new FormState();
        foreach (var name in new[] { Code, Service, State })
            form.Set(name, request.Query[name].ToString() is { Length: > 0 and <= 40 } typed ? typed : null);
        var code = BillCode.Read(form[Code]);
        if (code is null && !form.IsEmpty(Code))
            form.AddError(Code, request.Texts["find.code.wrong"]);
        var (service, state) = (form.IsEmpty(Service) ? null : form[Service], States.FirstOrDefault(known => known == form[State]));
        var asked = string.Create(CultureInfo.InvariantCulture, $"{request.Path}/bollette?codice={Uri.EscapeDataString(form[Code])}&servizio={Uri.EscapeDataString(form[Service])}&stato={state}");
        var found = await commands.Send(new FindBills(code, service, state, rows => ListPage.Asked(request.Query, rows, asked)), stop);
        return PageAnswer.View<FindBillsView>(
            new FindBillsModel(
                form, form.IsValid ? found.Bills : [], form.IsValid ? found.Found : 0, found.Page, found.Services, [.. States.Select(known => new Choice(known, request.Texts.State(known)))], request.Path),
            form.IsValid ? 200 : 422);
    }
}

public sealed record FindBillsModel(FormState Form, IReadOnlyList<BillRow> Bills, long Found, ListPage Page, IReadOnlyList<Choice> Services, IReadOnlyList<Choice> States, string Path);
