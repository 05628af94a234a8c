using System.Globalization;
using System.Text.Json;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Payments.Checkout;

namespace Platform.Payments.Office.Search;

/// <param name="Searched">Something was asked for; otherwise these are the newest.</param>
public sealed record PaymentsModel(
    FormState Form, IReadOnlyList<FoundPayment> Payments, bool Searched, bool Placed, string? NewerPath, string? OlderPath, IReadOnlyList<Choice> Services, IReadOnlyList<Choice> States, string Path, string? CsvPath, string? XlsxPath);

/// <summary>Payments of an entity, and the form that finds them. What is looked for may be personal: it is posted, and stands in addresses only sealed.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed class SearchPage(ICommands commands, ILinks links, ServiceCatalog catalog) : IPage
{
    public const string Sealed = "cerca";

    static readonly TimeSpan Lasts = TimeSpan.FromHours(12);

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var token = request.Query[Sealed].ToString();
        var criteria = Opened(links, token);
        return await Show(request, Typed(criteria, request.Culture), criteria, token, stop);
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var form = FormState.From(request.Form);
        var criteria = Read(form, request.Texts, Services(request), States(request.Texts));
        if (!form.IsValid)
            return await Show(request, form, new(), "", stop, StatusCode: 422);
        return PageAnswer.Go(criteria == new PaymentCriteria() ? request.Path : $"{request.Path}?{Sealed}={links.Seal(JsonSerializer.Serialize(criteria), Lasts)}");
    }

    /// <summary>What was sealed; nothing to look for when it is too old or not ours.</summary>
    public static PaymentCriteria Opened(ILinks links, string token) =>
        token.Length > 0 && links.Open(token) is { } json ? JsonSerializer.Deserialize<PaymentCriteria>(json)! : new();

    async Task<PageAnswer> Show(PageRequest request, FormState form, PaymentCriteria criteria, string token, CancellationToken stop, int StatusCode = 200)
    {
        var place = PlaceOf(request.Query["da"]);
        var found = form.IsValid ? await commands.Send(new FindPayments(criteria, place, request.Query["verso"] == "nuovi"), stop) : new([], null, null);
        var cerca = token.Length > 0 ? $"{Sealed}={Uri.EscapeDataString(token)}&" : "";
        string? Path(PaymentPlace? to, string direction) => to is null ? null : $"{request.Path}?{cerca}da={Uri.EscapeDataString(Written(to))}&verso={direction}";
        var mayExport = request.Officer?.May(OfficePermissions.Export) == true;
        return PageAnswer.View<SearchView>(
            new PaymentsModel(
                form, found.Payments, criteria != new PaymentCriteria(), place is not null, Path(found.Newer, "nuovi"), Path(found.Older, "vecchi"), Services(request), States(request.Texts), request.Path,
                mayExport ? $"{request.Path}/esporta.csv?{cerca}".TrimEnd('&', '?') : null, mayExport ? $"{request.Path}/esporta.xlsx?{cerca}".TrimEnd('&', '?') : null),
            StatusCode);
    }

    static PaymentCriteria Read(FormState form, Texts t, IReadOnlyList<Choice> services, IReadOnlyList<Choice> states)
    {
        string? Text(string name) => form.IsEmpty(name) ? null : form[name].Length <= 100 ? form[name] : form[name][..100];
        var amount = form.Amount("importo");
        if (amount is null && !form.IsEmpty("importo"))
            form.AddError("importo", t["office.search.amount.wrong"]);
        var (from, to) = (form.Date("dal"), form.Date("al"));
        foreach (var (name, day) in new[] { ("dal", from), ("al", to) })
            if (!form.IsEmpty(name) && day is not { Year: >= 2000 and <= 2100 })
                form.AddError(name, t["office.search.date.wrong"]);
        if (form.IsValid && from > to)
            form.AddError("al", t["office.search.dates.swapped"]);
        return new(Text("testo"), Text("banca"), form.Choice("stato", states), form.Choice("servizio", services), amount, from, to);
    }

    static FormState Typed(PaymentCriteria criteria, CultureInfo culture)
    {
        var form = new FormState().Set("testo", criteria.Text).Set("banca", criteria.Bank).Set("stato", criteria.State).Set("servizio", criteria.Service).Set("dal", criteria.From).Set("al", criteria.To);
        return criteria.Amount is { } amount ? form.Set("importo", string.Create(culture, $"{amount.Cents / 100}{culture.NumberFormat.NumberDecimalSeparator}{amount.Cents % 100:00}")) : form;
    }

    List<Choice> Services(PageRequest request) => [.. catalog.Services.Select(service => new Choice(service.Id, service.TitleIn(request.Culture))), new(Carts.Cart.OfAll, request.Texts["office.service.cart"])];

    static List<Choice> States(Texts t) => [.. Enum.GetValues<PaymentState>().Select(state => new Choice(state.ToText(), t["office.state." + state.ToText()]))];

    static string Written(PaymentPlace place) => string.Create(CultureInfo.InvariantCulture, $"{place.At.UtcTicks}.{place.Payment:n}.{place.Key}");

    /// <summary>Null for what is none: somebody wrote into the address.</summary>
    static PaymentPlace? PlaceOf(string? written) =>
        written?.Split('.', 3) is [var ticks, var id, var key] && key.Length <= 40 && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            && at >= new DateTime(2000, 1, 1).Ticks && at <= new DateTime(2200, 1, 1).Ticks && Guid.TryParseExact(id, "n", out var payment)
            ? new(new DateTimeOffset(at, TimeSpan.Zero), payment, key) : null;
}
