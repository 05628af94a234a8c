using Platform.Core.Commands;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Services.SchoolFees.Office;

/// <summary>Somebody who was found, and whose bills that leads to.</summary>
/// <param name="Role"><c>payer</c>, <c>pupil</c> or <c>delegate</c>.</param>
/// <param name="Household">Who pays.</param>
public sealed record FoundPerson(string Id, string Name, string Role, Guid Household, string Payer);

/// <summary>Persons by a tax code, an identifier of the school's, or words of their name in any order; accents and capitals do not matter.</summary>
[RequiresPermission(DeskPermissions.Families)]
internal sealed record FindFamilies(string Words, Func<long, ListPage> Page) : ICommand<FindFamilies.Answer>
{
    internal sealed record Answer(IReadOnlyList<FoundPerson> Persons, long Found, ListPage Page);
}

internal sealed class FindFamiliesHandler(ISessions sessions) : ICommandHandler<FindFamilies, FindFamilies.Answer>
{
    const string Found =
        """
        with matched as (
            select p.person_id, p.given_name || ' ' || p.family_name as name from schoolfees.person p
             where p.entity_id = @entity
               and (p.person_id = upper(@all) or p.tax_code = upper(@all)
                    or not exists (select from unnest(@words::text[]) as w (word)
                                    where position(w.word in translate(lower(p.given_name || ' ' || p.family_name), 'àáâäèéêëìíîïòóôöùúûü''', 'aaaaeeeeiiiioooouuuu ')) = 0))),
        roles as (
            select m.person_id, m.name, 'pupil' as role, u.payer_id from matched m join schoolfees.pupil u on u.entity_id = @entity and u.pupil_id = m.person_id
            union
            select m.person_id, m.name, 'payer', m.person_id from matched m
             where exists (select from schoolfees.pupil u where u.entity_id = @entity and u.payer_id = m.person_id) or exists (select from schoolfees.share h where h.entity_id = @entity and h.payer_id = m.person_id)
                or exists (select from schoolfees.bill b where b.entity_id = @entity and b.payer_id = m.person_id)
            union
            select m.person_id, m.name, 'delegate', d.payer_id from matched m join schoolfees.delegate d on d.entity_id = @entity and d.delegate_id = m.person_id)

        """;

    public Task<FindFamilies.Answer> Handle(FindFamilies command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            var all = command.Words.Trim();
            var words = Plain(all).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var found = await session.First<long>(Found + "select count(*) from roles", new { entity = session.Entity, all, words });
            var page = command.Page(found);
            return new FindFamilies.Answer(
                await session.List<FoundPerson>(
                    Found +
                    """
                    select r.person_id as id, r.name, r.role, w.key as household, w.given_name || ' ' || w.family_name as payer
                      from roles r join schoolfees.person w on w.entity_id = @entity and w.person_id = r.payer_id
                     order by r.name, r.person_id, r.role, w.key limit @Rows offset @Skip
                    """, new { entity = session.Entity, all, words, ListPage.Rows, page.Skip }),
                found, page);
        },
        stop);

    /// <summary>As the statement writes names: lower case, without accents.</summary>
    static string Plain(string words) => string.Concat(words.ToLowerInvariant().Normalize(System.Text.NormalizationForm.FormD)
        .Where(c => System.Globalization.CharUnicodeInfo.GetUnicodeCategory(c) != System.Globalization.UnicodeCategory.NonSpacingMark).Select(c => c is '\'' or '’' ? ' ' : c));
}

/// <summary>Finds families. What was typed is somebody's name: it is posted, and stands in the address only sealed.</summary>
[RequiresPermission(DeskPermissions.Families), ShowsPersonalData]
internal sealed class FamiliesPage(ICommands commands, ILinks links) : IPage
{
    public const string Words = "testo";
    const int Most = 80;

    static readonly TimeSpan Lasts = TimeSpan.FromHours(12);

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var token = request.Query["cerca"].ToString();
        var words = token.Length > 0 && links.Open(token) is ['f', ':', .. var typed] ? typed : null;
        if (words is null)
            return PageAnswer.View<FamiliesView>(new FamiliesModel(new(), null, 0, null, request.Path));
        var (persons, found, page) = await commands.Send(new FindFamilies(words, rows => ListPage.Asked(request.Query, rows, $"{request.Path}/famiglie?cerca={Uri.EscapeDataString(token)}")), stop);
        return PageAnswer.View<FamiliesView>(new FamiliesModel(new FormState().Set(Words, words), persons, found, page, request.Path));
    }

    public Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var form = FormState.From(request.Form);
        var words = form[Words].Trim();
        if (words.Count(char.IsLetterOrDigit) < 2 || words.Length > Most)
            return Task.FromResult(PageAnswer.View<FamiliesView>(new FamiliesModel(form.AddError(Words, request.Texts["desk.families.short"]), null, 0, null, request.Path), 422));
        return Task.FromResult(PageAnswer.Go($"{request.Path}/famiglie?cerca={Uri.EscapeDataString(links.Seal($"f:{words}", Lasts))}"));
    }
}

/// <param name="Persons">Null where nothing was asked yet.</param>
public sealed record FamiliesModel(FormState Form, IReadOnlyList<FoundPerson>? Persons, long Found, ListPage? Page, string Path);
