using System.Net;
using Autofac;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Platform.Core;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Identity;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Plugins.Packages;
using Platform.Core.Storage;
using Platform.Payments;
using Platform.Payments.Checkout;
using Portico.Host.Operations;

namespace Portico.Host;

/// <summary>A host put together: database open, services found and migrated, container built. It serves once <see cref="Serve"/> is called.</summary>
internal sealed class PorticoApp : IAsyncDisposable
{
    static readonly IPlatformModule[] Platform = [new CoreModule(), new PaymentsModule()];

    static readonly PlatformOffice Office = PlatformOffice.Of(Platform);

    readonly WebApplication _web;
    readonly DatabaseHome _home;
    readonly Database _database;

    readonly SharedKeys? _shared;

    PorticoApp(WebApplication web, DatabaseHome home, Database database, PorticoOptions options, ServiceCatalog catalog, SharedKeys? shared)
    {
        _web = web;
        _shared = shared;
        _home = home;
        _database = database;
        Options = options;
        Catalog = catalog;
    }

    public PorticoOptions Options { get; }

    public ServiceCatalog Catalog { get; }

    public ILifetimeScope Container => _web.Services.Autofac();

    /// <summary>Where the host listens; known once it serves.</summary>
    public Uri Address => new(_web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <exception cref="StartRefusedException">The host must not start like this; in words.</exception>
    public static async Task<PorticoApp> Build(PorticoOptions options, IConfiguration configuration, Action<ContainerBuilder>? overrides, CancellationToken stop)
    {
        RefuseUnsafe(options);
        MakeRoomForBlockers(options);
        var builder = NewBuilder(configuration);
        builder.Logging.AddConsole(options).SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning)
            // The keys' folder is the operator's to guard: its mode is 0700.
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        builder.Logging.AddConfiguration(configuration.GetSection("Logging"));
        using var early = LoggerFactory.Create(logging => logging.AddConsole(options, withTime: false)
            .AddFilter(level => level >= LogLevel.Warning).AddConfiguration(configuration.GetSection("Logging")));

        var home = await DatabaseHome.Open(options, early.CreateLogger("Portico.Database"), stop);
        var database = new Database(home.Web, options.Binding);
        try
        {
            var catalog = await FindServices(options, home, database, configuration, early, stop);
            builder.Host.UseServiceProviderFactory(new AutofacBridge(container =>
            {
                RegisterPlatform(container, options, catalog, database);
                foreach (var service in catalog.Services)
                    ModuleRegistration.Register(container, service);
                overrides?.Invoke(container);
            }));
            AddFramework(builder, options);
            var shared = KeepKeys(builder, options, configuration, database, early);
            Telemetry.Add(builder);
            var web = builder.Build();
            Pipeline(web, catalog);
            await Subscribe(database, catalog, stop);
            return new(web, home, database, options, catalog, shared);
        }
        catch
        {
            await database.DisposeAsync();
            await home.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts to listen and to do the work in the background.</summary>
    /// <exception cref="StartRefusedException">The host must not serve like this; in words.</exception>
    public async Task Serve(CancellationToken stop)
    {
        foreach (var complaint in await Durability.Complaints(_database, TimeProvider.System, stop))
        {
            if (Options.Profile == Profile.Production)
                throw new StartRefusedException($"PostgreSQL must not lose what it confirmed, and here it may: {complaint}");
            _web.Logger.LogWarning("In production this host would not start: {Complaint}", complaint);
        }
        if (_shared is not null && !await _shared.Prepare(_web.Services.GetRequiredService<IKeyManager>(), stop))
            throw new StartRefusedException("The keys of forms and links in the database were sealed with another secret than PORTICO_Secrets__keys__value of this host. Give it the secret of the other hosts.");
        try
        {
            await _web.StartAsync(stop);
        }
        catch (IOException taken) when (taken.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new StartRefusedException($"Somebody else listens on {Options.Listen}. Stop it, or choose another address with --listen.");
        }
        if (Options.PublicAddress is null)
            Container.Resolve<PublicAddress>().Root = Address;
    }

    /// <summary>Says a sentence of the program in the form of its log, so that who reads one can read the other.</summary>
    public void Say(string words)
    {
        if (Options.Log == LogForm.Json)
            _web.Logger.LogInformation("{Words}", words);
        else
            Console.WriteLine(words);
    }

    /// <summary>Lasts until the process is asked to end.</summary>
    public Task UntilStopped() => _web.WaitForShutdownAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _web.StopAsync(CancellationToken.None);
        await _web.DisposeAsync();
        await _database.DisposeAsync();
        await _home.DisposeAsync();
    }

    /// <summary>Brings every schema up to date as owner. A service whose migration fails is quarantined; the platform's own must succeed.</summary>
    /// <exception cref="MigrationException">A platform schema could not be migrated.</exception>
    public static async Task<ServiceCatalog> Migrate(PorticoOptions options, IConfiguration configuration, string owner, ILoggerFactory logs, CancellationToken stop)
    {
        var migrator = new Migrator(owner, logs.CreateLogger("Portico.Migration"));
        foreach (var module in Platform)
            await migrator.Migrate(new(module.Id, module.Assembly), stop);
        new PackageShelf(options).LayOut(logs.CreateLogger("Portico.Packages"));
        var (found, quarantined) = await Discover(options, configuration, logs);
        var services = new List<ServiceDescription>();
        foreach (var service in found)
        {
            try
            {
                await migrator.Migrate(new(service.Id, service.Assembly), stop);
                services.Add(service);
            }
            catch (MigrationException wrong)
            {
                logs.CreateLogger("Portico.Plugins").LogError(wrong, "Service {Service} is quarantined.", service.Id);
                quarantined.Add(new(service.Folder, service.Id, wrong.Message));
            }
        }
        return new(Platform.Select(module => (module.Id, module.Assembly)), services, quarantined) { Platform = Office };
    }

    /// <summary>The services in the folder, each made once in a trial scope; what fails any check is quarantined, and of it nothing was registered or migrated.</summary>
    /// <remarks>Asks no database: neither metadata nor constructors need one.</remarks>
    public static async Task<(IReadOnlyList<ServiceDescription> Services, List<Quarantine> Quarantined)> Discover(PorticoOptions options, IConfiguration configuration, ILoggerFactory logs)
    {
        var log = logs.CreateLogger("Portico.Plugins");
        var (found, refused) = new PluginLoader(log).Load(options.PluginsFolder, PackageShelf.ServicesOf(options));
        var quarantined = refused.ToList();
        if (found.Count == 0)
            return (found, quarantined);
        await using var nowhere = new Database("Host=/nowhere");
        await using var trial = Trial(options, configuration, nowhere);
        var services = new List<ServiceDescription>();
        foreach (var service in found)
        {
            if (await ServiceTrial.Fault(trial, service) is not { } reason)
            {
                services.Add(service);
                continue;
            }
            log.LogError("Service {Service} is quarantined: {Reason}", service.Id, reason);
            quarantined.Add(new(service.Folder, service.Id, reason));
        }
        return (services, quarantined);
    }

    /// <summary>The platform without services and without a log, to be asked and thrown away; nothing runs in it.</summary>
    public static ILifetimeScope Trial(PorticoOptions options, IConfiguration configuration, Database database)
    {
        var builder = NewBuilder(configuration);
        builder.Logging.SetMinimumLevel(LogLevel.None);
        AddFramework(builder, options);
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        var platform = new ServiceCatalog(Platform.Select(module => (module.Id, module.Assembly)), [], []) { Platform = Office };
        var bridge = new AutofacBridge(container => RegisterPlatform(container, options, platform, database));
        return bridge.CreateServiceProvider(bridge.CreateBuilder(builder.Services)).Autofac();
    }

    static async Task<ServiceCatalog> FindServices(
        PorticoOptions options, DatabaseHome home, Database database, IConfiguration configuration, ILoggerFactory logs, CancellationToken stop)
    {
        // The private cluster is this host's own: it is brought up to date on the way. Elsewhere that is the owner's deed.
        if (home.Embedded is not null)
            return await Migrate(options, configuration, home.Owner!, logs, stop);

        foreach (var module in Platform)
            if (await Pending(module.Id, module.Assembly, database, stop) is { Count: > 0 } pending)
                throw new StartRefusedException($"The database lacks migrations of \"{module.Id}\": {string.Join(", ", pending)}. Run \"portico migrate\" as owner first.");
        new PackageShelf(options).LayOut(logs.CreateLogger("Portico.Packages"));
        var (found, quarantined) = await Discover(options, configuration, logs);
        var services = new List<ServiceDescription>();
        foreach (var service in found)
            if (await Unmigrated(service, database, stop) is { } reason)
            {
                logs.CreateLogger("Portico.Plugins").LogError("Service {Service} is quarantined: {Reason}", service.Id, reason);
                quarantined.Add(new(service.Folder, service.Id, reason));
            }
            else
            {
                services.Add(service);
            }
        return new(Platform.Select(module => (module.Id, module.Assembly)), services, quarantined) { Platform = Office };
    }

    /// <summary>
    /// Why the database is not ready for a service, or null. Whether its migration failed or nobody ran it: the other services and the citizens
    /// who are paying must not wait for it.
    /// </summary>
    public static async Task<string?> Unmigrated(ServiceDescription service, Database database, CancellationToken stop) =>
        await Pending(service.Id, service.Assembly, database, stop) is { Count: > 0 } pending
            ? $"the database lacks its migrations: {string.Join(", ", pending)}. Run \"portico migrate\" as owner, then start again."
            : null;

    static async Task<IReadOnlyList<string>> Pending(string id, System.Reflection.Assembly assembly, Database database, CancellationToken stop)
    {
        try
        {
            return await Migrator.Pending(database, new(id, assembly), TimeProvider.System, stop);
        }
        catch (Npgsql.PostgresException missing) when (missing.SqlState is "42883" or "3F000" or "22023" or "42704" or "42501")
        {
            return ["everything"];
        }
    }

    /// <summary>The platform's modules and these services', in the order in which they are migrated.</summary>
    public static IEnumerable<(string Id, System.Reflection.Assembly Assembly)> ModulesOf(IEnumerable<ServiceDescription> services) =>
        Platform.Select(module => (module.Id, module.Assembly)).Concat(services.Select(service => (service.Id, service.Assembly)));

    /// <exception cref="StartRefusedException">These settings would serve others than they should.</exception>
    public static void RefuseUnsafe(PorticoOptions options)
    {
        if (!Uri.TryCreate(options.Listen, UriKind.Absolute, out var listen) || listen.Scheme is not ("http" or "https"))
            throw new StartRefusedException($"\"{options.Listen}\" is no address to listen on. Write for instance http://127.0.0.1:5080.");
        if (options.PublicAddress is { } open && (!Uri.TryCreate(open, UriKind.Absolute, out var reach) || reach.Scheme is not ("http" or "https")))
            throw new StartRefusedException($"\"{open}\" is no public address. Write for instance https://servizi.provincia.example.");
        foreach (var connection in new[] { options.Database, options.OwnerDatabase })
            CheckConnection(connection);
        foreach (var address in new[] { options.Listen, options.PublicAddress })
            if (options.Profile == Profile.Demo && address is not null && !IsLoopback(new Uri(address)))
                throw new StartRefusedException($"The demo profile serves this machine only, and {address} is open to others. Its bank takes no money and its secrets are published.");
    }

    /// <summary>The words never repeat the string: it may hold a password.</summary>
    public static void CheckConnection(string? connection)
    {
        try
        {
            _ = new Npgsql.NpgsqlConnectionStringBuilder(connection);
        }
        catch (ArgumentException wrong)
        {
            throw new StartRefusedException($"The database's connection string cannot be read ({wrong.Message}). Write for instance Host=db.example;Database=portico;Username=portico_web.");
        }
    }

    static bool IsLoopback(Uri address) => address.Host == "localhost" || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));

    static void AddFramework(WebApplicationBuilder builder, PorticoOptions options)
    {
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1 << 20;
        });
        builder.WebHost.UseUrls(options.Listen);
        builder.Services.AddRoutingCore();
        builder.Services.AddRazorComponents();
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "portico-form";
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.FormFieldName = "__form";
            antiforgery.SuppressXFrameOptionsHeader = true;
        });
        builder.Services.AddHealthChecks();
        OpenIdSignIn.Add(builder.Services, options);
    }

    /// <summary>In the database where the hosts were given a secret to share them by, in the data folder otherwise.</summary>
    static SharedKeys? KeepKeys(WebApplicationBuilder builder, PorticoOptions options, IConfiguration configuration, Database database, ILoggerFactory logs)
    {
        var protection = builder.Services.AddDataProtection().SetApplicationName("portico");
        if (configuration["Secrets:keys:value"] is { Length: > 0 } secret)
        {
            if (secret.Length < SharedKeys.ShortestSecret)
                throw new StartRefusedException($"PORTICO_Secrets__keys__value is too short to seal keys with: at least {SharedKeys.ShortestSecret} characters, for instance of \"openssl rand -base64 32\".");
            var shared = new SharedKeys(database, secret, TimeProvider.System, logs.CreateLogger("Portico.Keys"));
            builder.Services.Configure<KeyManagementOptions>(keys => keys.XmlRepository = shared);
            return shared;
        }
        var folder = Path.GetFullPath(options.DataFolder);
        DirectoryInfo keys;
        try
        {
            keys = Directory.CreateDirectory(Path.Combine(folder, "keys"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception closed) when (closed is UnauthorizedAccessException or IOException)
        {
            throw new StartRefusedException($"The data folder {folder} cannot be used ({closed.Message.TrimEnd('.')}). The keys of forms and links stand there: name a folder of your own with --data or PORTICO_DataFolder.");
        }
        protection.PersistKeysToFileSystem(keys);
        return null;
    }

    /// <summary>Code that blocks its threads takes at most its places of them; the runtime is to give the others a thread at once and not after half a second each.</summary>
    static void MakeRoomForBlockers(PorticoOptions options)
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, Environment.ProcessorCount + 3 * options.Limits.Places), completions);
    }

    static WebApplicationBuilder NewBuilder(IConfiguration configuration)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, WebRootPath = null });
        // Copied: the framework writes settings of its own, which an empty configuration cannot take.
        builder.Configuration.AddInMemoryCollection(configuration.AsEnumerable());
        return builder;
    }

    static void RegisterPlatform(ContainerBuilder container, PorticoOptions options, ServiceCatalog catalog, Database database)
    {
        container.RegisterInstance(options);
        container.RegisterInstance(catalog).ExternallyOwned();
        container.RegisterInstance(database).ExternallyOwned();
        container.RegisterInstance(TimeProvider.System).As<TimeProvider>();
        foreach (var module in Platform)
        {
            module.Register(container);
            ModuleRegistration.Register(container, module.Assembly);
        }
        foreach (var page in Office.Sections.SelectMany(section => section.Pages).Select(page => page.Page).Distinct())
            container.RegisterType(page);
    }

    static void Pipeline(WebApplication web, ServiceCatalog catalog)
    {
        var root = web.Services.Autofac();
        var pages = root.Resolve<PageServer>();
        web.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = http => pages.Broken(http, http.Features.Get<IExceptionHandlerFeature>()?.Error),
            SuppressDiagnosticsCallback = _ => true,
        });
        Telemetry.Map(web);
        web.Use((http, next) => root.Resolve<HostNames>().Guard(http, next));
        web.UsePorticoAssets();
        web.Use((http, next) => pages.Secure(http, next));
        if (root.Resolve<PorticoOptions>().SignIn.Count > 0)
            web.UseAuthentication();
        web.Use((http, next) => root.Resolve<CitizenPages>().Recognise(http, next));
        web.UseRouting();
        web.MapGet("/health/live", () => Results.Text("live"));
        web.MapGet("/health/ready", http => Health.Ready(http, root, catalog));
        foreach (var module in Platform)
            module.Map(web, root);
        ConsoleAccess.RefuseUndeclared(((IEndpointRouteBuilder)web).DataSources.SelectMany(source => source.Endpoints));
        web.UseEndpoints(_ => { });
    }

    /// <summary>Tells the database who wants to hear of what, so that an event waits for a handler even while its service is down.</summary>
    static Task<int> Subscribe(Database database, ServiceCatalog catalog, CancellationToken stop) => database.Run(
        ModuleRoles.Of("core"), null, "core", TimeProvider.System,
        session => session.Execute(
            """
            insert into core.subscription (event_type, handler, module)
            select s.event_type, s.handler, s.module from unnest(@types, @handlers, @modules) as s (event_type, handler, module)
            on conflict (event_type, handler) do nothing
            """,
            new
            {
                types = catalog.Reactions.Values.Select(reaction => reaction.EventName).ToArray(),
                handlers = catalog.Reactions.Values.Select(reaction => reaction.Handler).ToArray(),
                modules = catalog.Reactions.Values.Select(reaction => reaction.Module).ToArray(),
            }),
        stop);
}

/// <summary>The host must not start like this; the message says why and what to do.</summary>
internal sealed class StartRefusedException(string message) : Exception(message);
