using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Platform.Core.Entities;
using Platform.Core.Pages;

namespace Platform.Core.Tests.Pages;

/// <summary>A small site of sample pages under the strict content-security policy of the real one.</summary>
sealed class SamplePages : IAsyncDisposable
{
    public const string Hostile = "<script>alert('x')</script>\" onfocus=\"alert(1)";

    public static readonly string[] StepNames = ["Cerca il verbale", "Controlla e paga", "Ricevuta"];

    public static readonly Entity Marzabotto = new(
        new(9), "MZB", "marzabotto", "Comune di Marzabotto", EntityKind.Municipality, "037036", "01042720374", "#7a1f1f",
        "https://www.comune.marzabotto.bo.it", "Piazza XX Settembre 1, 40043 Marzabotto (BO)", "051 678 0511", "urp@comune.marzabotto.example",
        "comune.marzabotto@cert.example");

    public static readonly string[] Paths =
    [
        "/marzabotto/multe", "/marzabotto/errori", "/marzabotto/riepilogo", "/marzabotto/riuscito", "/marzabotto/non-trovata",
        "/marzabotto/rifiuto", "/marzabotto/errore", "/marzabotto/sospeso",
    ];

    readonly WebApplication app;

    SamplePages(WebApplication app) => this.app = app;

    public Uri Address => new(app.Urls.Single());

    public static async Task<SamplePages> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddRazorComponents();
        builder.Services.AddCascadingValue(_ => new AntiforgeryToken("__token", "a token"));
        var web = builder.Build();
        web.UsePorticoAssets();
        web.Use((context, next) =>
        {
            context.Response.Headers.ContentSecurityPolicy = "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:";
            return next(context);
        });
        web.MapGet("/marzabotto/tema.css", () => TypedResults.Text(EntityTheme.Css(Marzabotto), "text/css"));
        web.MapGet("/marzabotto/multe", (HttpRequest request) => Form(request, new FormState()));
        web.MapGet("/marzabotto/errori", (HttpRequest request) => Form(request, Wrong("V/12", "31/02/2026", "A<1")));
        web.MapPost("/marzabotto/multe", async (HttpRequest request) =>
        {
            var form = FormState.From(await request.ReadFormAsync());
            return Form(request, Wrong(form["number"], form["date"], form["plate"]).Set("email", form["email"]));
        });
        web.MapGet("/marzabotto/riepilogo", (HttpRequest request, string? number) =>
            Page<SampleSummaryPage>(request, "Controlla e paga", ("Number", number ?? "V/1234/2026")));
        web.MapGet("/marzabotto/riuscito", (HttpRequest request) => Page<SampleSuccessPage>(request, "Pagamento riuscito"));
        web.MapGet("/marzabotto/rifiuto", (HttpRequest request) => Page<RefusalPage>(
            request, "Verbale non pagabile", ("Title", "Questo verbale non si paga qui"),
            ("What", "Il verbale è già a ruolo. Non ti è stato addebitato nulla."), ("ToDo", (string[])["Aspetta la cartella dell’agente della riscossione.", "Se pensi che sia un errore, scrivi alla Polizia locale."])));
        web.MapGet("/marzabotto/sospeso", (HttpRequest request) =>
        {
            var texts = PageTexts.Catalog.In(PageCultures.Italian);
            return Page<RefusalPage>(
                request, "Servizio sospeso", ("Title", texts["paused.title"]), ("What", texts["paused.what", "Multe"]),
                ("ToDo", (string[])[texts["paused.retry"], texts["error.retry"], texts["error.paid"]]), ("LinkPath", "/marzabotto"), ("LinkText", texts["paused.others"]));
        });
        web.MapGet("/marzabotto/errore", (HttpRequest request) => Page<ErrorPage>(request, "Errore", ("Reference", "7K4P-2Q9M")));
        web.MapFallback((HttpRequest request) => new RazorComponentResult<NotFoundPage>(new { Frame = Frame(request) with { Crumbs = [], ServicePath = null, ServiceTitle = null } })
        {
            StatusCode = StatusCodes.Status404NotFound,
        });
        await web.StartAsync();
        return new(web);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    static FormState Wrong(string number, string date, string plate) => new FormState()
        .Set("number", number).Set("date", date).Set("plate", plate)
        .AddError("number", "Il numero del verbale ha tre parti separate da barre, per esempio V/1234/2026")
        .AddError("date", "Il 31 febbraio non esiste: controlla la data")
        .AddError("plate", "La targa ha solo lettere e numeri");

    static RazorComponentResult<SampleFormPage> Form(HttpRequest request, FormState form) =>
        Page<SampleFormPage>(request, "Cerca il verbale", ("Form", form));

    static RazorComponentResult<TPage> Page<TPage>(HttpRequest request, string crumb, params (string Name, object Value)[] parameters)
        where TPage : IComponent
    {
        var all = parameters.ToDictionary(parameter => parameter.Name, object? (parameter) => parameter.Value, StringComparer.Ordinal);
        all["Frame"] = Frame(request) with { Crumbs = [new("Multe e contravvenzioni", "/marzabotto/multe"), new(crumb)] };
        return new(all);
    }

    static PageFrame Frame(HttpRequest request) => new(
        Marzabotto, "Multe e contravvenzioni", "/marzabotto/multe", PageCultures.Of(request.Query["lang"]), Demo: true,
        request.Path + request.QueryString.ToUriComponent(), []);
}
