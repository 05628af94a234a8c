using Microsoft.AspNetCore.Diagnostics;

namespace PagOnLine.Emulator;

internal static class EmulatorApp
{
    public static WebApplication Create(params string[] args) => Create(CommandLine.Parse(args), TimeProvider.System);

    public static WebApplication Create(CommandLine line, TimeProvider time)
    {
        // The environment and the working folder must not change what the bank does: only its command line does.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production, ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().UseUrls(line.Urls).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
        });

        // A start that fails is told by Program in one line; the host would print its whole stack before.
        builder.Logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(3));

        var merchant = Merchant.Published;
        var clock = new BankClock(time);
        var journal = new Journal(line.JournalFile);
        var orders = new Orders(line.Imprese ? new Journal(null) : journal);
        var lies = new Lies();
        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };
        var listener = new Listener(merchant, journal, clock, http, line.ListenerRetries) { Address = line.Listener };
        var bank = new Bank(merchant, orders, journal, lies, listener, clock);

        // Made by the container only so that it disposes of them, after the server stopped.
        builder.Services.AddSingleton(_ => journal).AddSingleton(_ => http);
        builder.Services.AddSingleton<IHostedService>(_ => listener);
        if (line.Parent is { } parent)
        {
            builder.Services.AddHostedService(services => new ParentWatch(parent, services.GetRequiredService<IHostApplicationLifetime>()));
        }

        var app = builder.Build();
        _ = app.Services.GetRequiredService<Journal>();
        _ = app.Services.GetRequiredService<HttpClient>();
        app.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = Apologise });
        if (line.Imprese)
        {
            new Imprese.ImpreseApp(new Imprese.ImpreseBank(journal, clock), journal, clock, Imprese.Terminal.Published).Map(app);
            return app;
        }

        new Control(bank, orders, journal, lies, listener, new Delivery(http, bank, clock), merchant, clock).Map(app);
        new PaymentPages(bank, orders, lies, merchant, clock).Map(app);
        new OrderQuery(merchant, orders, lies, bank, clock).Map(app);
        return app;
    }

    private static Task Apologise(HttpContext context)
    {
        // A body that is no form or too long is the caller's fault; what is left is ours.
        var theirs = context.Features.Get<IExceptionHandlerFeature>()?.Error is BadHttpRequestException or InvalidDataException;
        var status = theirs ? StatusCodes.Status400BadRequest : StatusCodes.Status500InternalServerError;
        return Results.Text(theirs ? "Richiesta non valida / Bad request" : "Errore interno / Internal error", statusCode: status).ExecuteAsync(context);
    }
}
