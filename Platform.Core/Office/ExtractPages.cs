using System.Globalization;
using System.Text;
using Autofac;
using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Time;

namespace Platform.Core.Office;

/// <summary>What an officer may ask of a service.</summary>
internal sealed class ExtractsPage(ServiceCatalog catalog, CallContext call, EntityDirectory entities) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Draw(request, Office.Elsewhere.Of(await entities.Current(stop), request, call.Module, ConsoleFiles.Extracts));

    PageAnswer Draw(PageRequest request, Elsewhere? elsewhere) => PageAnswer.View<ExtractsView>(new ExtractsModel
    {
        Elsewhere = elsewhere,
        Extracts = [.. catalog.Find(call.Module)!.Office.Where(office => ConsoleFiles.PermissionOf(office.Command) is { } wanted && request.Officer!.May(wanted))
            .Where(office => elsewhere is null || !Office.Elsewhere.IsAtCreditor(office.Command))
            .Select(office => new Crumb(ServiceWords.Title(request.Texts, "office", office.Verb, office.Summary), $"{request.Path}/{ConsoleFiles.Extracts}/{office.Verb}"))],
    });
}

/// <summary>Asks for the options of an office command and hands out what it writes as a file.</summary>
[LimitTries(120, 10), MakesFiles]
internal sealed class ExtractPage<TCommand>(ServiceCatalog catalog, CallContext call, EntityDirectory entities, ILifetimeScope scope) : IPage
    where TCommand : IOfficeCommand
{
    const int LongestText = 200;

    OfficeVerb Verb => catalog.Find(call.Module)!.Office.First(office => office.Command == typeof(TCommand));

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Draw(request, new FormState(), [], await Elsewhere(request, stop), StatusCodes.Status200OK);

    // A municipality of a union reads its own part of some, and of others nothing: it is told whose they are.
    async Task<Elsewhere?> Elsewhere(PageRequest request, CancellationToken stop) => Office.Elsewhere.Of(await entities.Current(stop), request, call.Module, $"{ConsoleFiles.Extracts}/{Verb.Verb}");

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var form = FormState.From(request.Form);
        var options = Read(form, PageTexts.Catalog.In(request.Culture));
        if (!form.IsValid)
            return Draw(request, form, [], await Elsewhere(request, stop), StatusCodes.Status422UnprocessableEntity);
        var known = await entities.Current(stop);
        var creditor = known.ActivationsOf(request.Entity.Id).FirstOrDefault(offer => offer.Service == call.Module)?.Creditor
            ?? known.CreditorsOf(call.Module).FirstOrDefault(owed => owed.Id == request.Entity.Id)?.Id;
        var notes = new List<string>();
        // A file that is handed out is a whole one: what is refused half-way was none.
        var file = TemporaryFile.New();
        string? refused = null;
        try
        {
            // With its mark: spreadsheets take a CSV for an older code page without it.
            await using (var output = new StreamWriter(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), leaveOpen: true))
                refused = await ((IOfficeCommand)scope.Resolve(Verb.Command)).Run(new(request.Entity, creditor, options, notes.Add, request.Culture), output, stop);
            if (refused is null && file.Length > Encoding.UTF8.Preamble.Length)
            {
                file.Position = 0;
                return PageAnswer.File(
                    file, string.Create(CultureInfo.InvariantCulture, $"{call.Module}-{Verb.Verb}-{request.Entity.Code}-{LegalTime.Local(request.Now):yyyy-MM-dd-HHmmss}.csv"), "text/csv; charset=utf-8");
            }
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
        await file.DisposeAsync();
        if (refused is not null)
            form.AddError("", refused);
        return Draw(request, form, refused is null ? [.. notes.DefaultIfEmpty(PageTexts.Catalog.In(request.Culture)["extract.empty"])] : notes, await Elsewhere(request, stop), refused is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    Dictionary<string, string> Read(FormState form, Texts texts)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var option in Verb.Options)
        {
            var text = form[option.Name];
            if (text.Length == 0)
            {
                if (option.Required)
                    form.AddError(option.Name, texts["extract.required"]);
                continue;
            }
            switch (option.Kind)
            {
                case OfficeOptionKind.Day when form.Date(option.Name) is { } day:
                    options[option.Name] = day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
                    break;
                case OfficeOptionKind.Day:
                    form.AddError(option.Name, texts["extract.day"]);
                    break;
                case OfficeOptionKind.Number when form.Integer(option.Name) is { } number:
                    options[option.Name] = number.ToString(CultureInfo.InvariantCulture);
                    break;
                case OfficeOptionKind.Number:
                    form.AddError(option.Name, texts["extract.number"]);
                    break;
                case OfficeOptionKind.Switch:
                    options[option.Name] = "";
                    break;
                case OfficeOptionKind.Choice when option.Choices.Contains(text, StringComparer.Ordinal):
                    options[option.Name] = text;
                    break;
                case OfficeOptionKind.Choice:
                    form.AddError(option.Name, texts["extract.choice"]);
                    break;
                default:
                    if (text.Length > LongestText || text.Any(char.IsControl))
                        form.AddError(option.Name, texts["extract.text", LongestText]);
                    else
                        options[option.Name] = text;
                    break;
            }
        }
        return options;
    }

    PageAnswer Draw(PageRequest request, FormState form, IReadOnlyList<string> notes, Elsewhere? elsewhere, int status) => PageAnswer.View<ExtractView>(
        new ExtractModel
        {
            Title = ServiceWords.Title(request.Texts, "office", Verb.Verb, Verb.Summary), Help = ServiceWords.Help(request.Texts, "office", Verb.Verb), Form = form, Notes = notes, Elsewhere = elsewhere,
            ListPath = $"{request.Path}/{ConsoleFiles.Extracts}",
            Fields = [.. Verb.Options.Select(option => new ExtractField(option.Name, ServiceWords.Has(request.Texts, $"office.{Verb.Verb}.{option.Name}") ?? option.Summary, option.Kind, option.Required,
                [.. option.Choices.Select(value => new Choice(value, ServiceWords.Has(request.Texts, $"office.{Verb.Verb}.{option.Name}.{value}") ?? value))]))],
        },
        status);
}

/// <summary>What may be asked for.</summary>
public sealed class ExtractsModel
{
    public required Elsewhere? Elsewhere { get; init; }

    public required IReadOnlyList<Crumb> Extracts { get; init; }
}

/// <summary>An option as the form asks for it.</summary>
public sealed record ExtractField(string Name, string Label, OfficeOptionKind Kind, bool Required, IReadOnlyList<Choice> Choices);

/// <summary>The form of an office command, and what it told.</summary>
public sealed class ExtractModel
{
    public required Elsewhere? Elsewhere { get; init; }

    public required string Title { get; init; }

    public required string? Help { get; init; }

    public required FormState Form { get; init; }

    public required IReadOnlyList<ExtractField> Fields { get; init; }

    public required IReadOnlyList<string> Notes { get; init; }

    public required string ListPath { get; init; }
}
