using Autofac;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Platform.Core.Api;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Hosting;
using Platform.Core.Idempotency;
using Platform.Core.Identity;
using Platform.Core.Jobs;
using Platform.Core.Journal;
using Platform.Core.Limits;
using Platform.Core.Mail;
using Platform.Core.Maintenance;
using Platform.Core.Office;
using Platform.Core.Pages;
using Platform.Core.Pages.Home;
using Platform.Core.Plugins;
using Platform.Core.Plugins.Packages;
using Platform.Core.Ratings;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Watch;

namespace Platform.Core;

internal sealed class CoreModule : IPlatformModule
{
    public string Id => "core";

    public void Register(ContainerBuilder builder)
    {
        builder.RegisterType<EntityDirectory>().SingleInstance();
        builder.RegisterType<Municipalities>().As<IMunicipalities>().SingleInstance();
        builder.Register(context => context.Resolve<PorticoOptions>().Limits).SingleInstance();
        builder.RegisterType<ServiceGates>().SingleInstance();
        builder.RegisterType<EntityImport>().SingleInstance();
        builder.RegisterType<EntityDecisions>().SingleInstance();
        builder.RegisterType<HostNames>().SingleInstance();
        builder.RegisterType<SettingsStore>().SingleInstance();
        builder.RegisterGeneric(typeof(SettingsOf<>)).As(typeof(ISettings<>));
        builder.RegisterType<NamedSecrets>().As<ISecrets>().SingleInstance();
        builder.RegisterType<CallScopes>().SingleInstance();
        builder.RegisterType<CallContextHolder>().InstancePerLifetimeScope();
        builder.Register(context => context.Resolve<CallContextHolder>().Context).AsSelf();
        builder.RegisterType<CommandSender>().As<ICommands>();
        builder.RegisterType<Sessions>().As<ISessions>();
        builder.RegisterType<SealedLinks>().As<ILinks>();
        builder.RegisterType<PageServer>().SingleInstance();
        builder.RegisterType<OfficerRegister>().SingleInstance();
        builder.RegisterType<OfficerSessions>().SingleInstance();
        builder.RegisterType<ConsoleServer>().SingleInstance();
        builder.RegisterType<ConsolePages>().SingleInstance();
        builder.RegisterType<OpenIdSignIn>().SingleInstance();
        builder.RegisterType<CitizenSessions>().SingleInstance();
        builder.RegisterType<CitizenPages>().SingleInstance();
        builder.RegisterType<CitizenSweeper>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterInstance(new DispatchTerms());
        builder.RegisterType<Dispatcher>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<JobRunner>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<ParkedRuns>().SingleInstance();
        builder.RegisterType<EventListener>().As<IHostedService>().SingleInstance();
        builder.RegisterType<ParkedDeliveries>().SingleInstance();
        builder.RegisterType<JournalSealer>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<JournalVerifier>().SingleInstance();
        builder.RegisterInstance(new IdempotencyTerms());
        builder.RegisterType<IdempotentRequests>().As<IIdempotency>();
        builder.RegisterType<RecoveryHolder>().AsSelf().As<IRecovery>().InstancePerLifetimeScope();
        builder.RegisterType<IdempotencySweeper>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.Register(context => context.Resolve<PorticoOptions>().Mail).SingleInstance();
        builder.RegisterType<ModuleTexts>().SingleInstance();
        builder.RegisterType<LetterBox>().As<IMail>();
        builder.RegisterType<MailComposer>().SingleInstance();
        builder.RegisterType<MailTransport>().As<IMailTransport>().SingleInstance();
        builder.RegisterType<MailSender>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<MailRegister>().SingleInstance();
        builder.RegisterType<AddressLimits>().SingleInstance();
        builder.RegisterType<Tries>().As<ITries>();
        builder.RegisterType<TriesSweeper>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<RatingsOfCall>().As<IRatings>();
        builder.RegisterType<RatingStore>().SingleInstance();
        builder.RegisterType<RatingPages>().SingleInstance();
        builder.RegisterType<RatingSweeper>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<ImportRuns>().SingleInstance();
        builder.RegisterType<Loaders>().SingleInstance();
        builder.RegisterType<ApiKeys>().SingleInstance();
        builder.RegisterType<ImportApi>().SingleInstance();
        builder.RegisterType<ImportSweeper>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<CoreExpiring>().As<IExpiring>().SingleInstance();
        builder.RegisterType<PackageShelf>().SingleInstance();
        builder.RegisterType<ReadyList>().SingleInstance();
        builder.RegisterType<MaintenanceRegister>().SingleInstance();
        builder.RegisterType<JobBoard>().SingleInstance();
        builder.RegisterType<ImportsPage>();
        builder.RegisterGeneric(typeof(ImportPage<>));
        builder.RegisterGeneric(typeof(ImportRunPage<>));
        builder.RegisterType<ExtractsPage>();
        builder.RegisterType<ElsewherePage>();
        builder.RegisterGeneric(typeof(ExtractPage<>));
        CommandPipeline.Register(builder);
    }

    public void Describe(IOfficeDescription office)
    {
        office.Permission(CorePermissions.Estate, "Gestire gli enti e i loro servizi", "Manage entities and their services");
        office.Permission(CorePermissions.Look, "Vedere servizi e impostazioni", "See services and settings", looksOnly: true);
        office.Permission(CorePermissions.Settings, "Cambiare le impostazioni dei servizi", "Change the settings of services");
        office.Segment("enti", "estate.section", Desks.Centre);
        office.OfficePage<EntitiesPage>("", "estate.list");
        office.OfficePage<NewEntityPage>("nuovo", "estate.new");
        office.OfficePage<LoadEntitiesPage>("carica", "estate.load");
        office.OfficePage<EntityDeskPage>("ente/{code}");
        office.OfficePage<GuidePage>("ente/{code}/guida");
        office.OfficePage<PreviewPage>("ente/{code}/anteprima");
        office.Segment("servizi", "services.title", Desks.Centre);
        office.OfficePage<ServicesPage>("", "services.title");
        office.Permission(CorePermissions.Packages, "Caricare pacchetti di servizi", "Upload packages of services");
        office.OfficePage<PackagesPage>("pacchetti", "packages.title");
        office.Segment("impostazioni", "settings.title", Desks.Entities);
        office.OfficePage<SettingsListPage>("", "settings.title");
        office.OfficePage<SettingsPage>("{service}");
        office.Permission(CorePermissions.Maintenance, "Mettere i servizi in manutenzione", "Put services into maintenance");
        office.Segment("manutenzione", "maintenance.section");
        office.OfficePage<MaintenanceListPage>("", "maintenance.section");
        office.OfficePage<MaintenancePage>("{service}");
        office.Permission(CorePermissions.Watch, "Vedere lavori, eventi fermi e lettere", "See jobs, stopped events and letters", looksOnly: true);
        office.Permission(CorePermissions.Again, "Far riprovare lavori, eventi e lettere", "Have jobs, events and letters tried again");
        office.Segment("stato", "watch.section", Desks.Centre);
        office.OfficePage<JobsPage>("lavori", "watch.jobs");
        office.OfficePage<EventsPage>("eventi", "watch.events");
        office.OfficePage<LettersPage>("lettere", "watch.letters");
        office.OfficePage<ExpiringPage>("scadenze", "watch.expiring");
        office.Segment("gradimento", "ratings.title", Desks.Entities);
        office.OfficePage<RatingsPage>("", "ratings.title");
        office.Permission(CorePermissions.Keys, "Creare e revocare chiavi per altri programmi", "Make and revoke keys for other systems");
        office.Segment("chiavi", "keys.title", Desks.Entities);
        office.OfficePage<KeysPage>("", "keys.title");
        office.OfficePage<KeyPage>("{key:guid}");
        office.Permission("core.officers", "Dare e togliere incarichi", "Give and take roles");
        office.Segment("persone", "people.title");
        office.OfficePage<OfficersPage>("", "people.title");
        office.OfficePage<GiveRolePage>("incarico", "people.give");
        office.OfficePage<GrantPage>("incarico/{grant}");
    }

    public void Map(IEndpointRouteBuilder endpoints, ILifetimeScope root)
    {
        var pages = root.Resolve<PageServer>();
        var home = new HomePages(pages, root.Resolve<EntityDirectory>(), root.Resolve<ServiceCatalog>(), root.Resolve<EntityDecisions>(), root.Resolve<HostNames>());
        endpoints.MapGet("/", home.Catalogue);
        endpoints.MapGet("/{entity}", home.OfEntity);
        endpoints.MapGet("/{entity}/tema.css", home.Theme);
        endpoints.MapGet("/tema.css", home.Theme);
        endpoints.MapGet("/{entity}/privacy", http => home.Notice(http, "privacy"));
        endpoints.MapGet("/privacy", http => home.Notice(http, "privacy"));
        endpoints.MapGet("/{entity}/accessibilita", http => home.Notice(http, "accessibility"));
        endpoints.MapGet("/accessibilita", http => home.Notice(http, "accessibility"));
        endpoints.MapGet("/{entity}/contatti", http => home.Notice(http, "contacts"));
        endpoints.MapGet("/contatti", http => home.Notice(http, "contacts"));
        endpoints.MapGet("/{entity}/logo.png", home.Logo);
        endpoints.MapGet("/{entity}/servizi.json", home.Services);
        var ratings = root.Resolve<RatingPages>();
        endpoints.MapMethods($"/{{entity}}/{RatingPages.Segment}", [HttpMethods.Get, HttpMethods.Head], (RequestDelegate)ratings.Get);
        endpoints.MapPost($"/{{entity}}/{RatingPages.Segment}", (RequestDelegate)ratings.Post);
        var citizens = root.Resolve<CitizenPages>();
        var signIn = $"/{{entity}}/{CitizenPaths.Segment}";
        endpoints.MapGet(signIn, (RequestDelegate)citizens.Choose);
        endpoints.MapGet(signIn + "/con/{provider}", (RequestDelegate)citizens.Start);
        endpoints.MapGet(signIn + "/arrivo", (RequestDelegate)citizens.Arrive);
        endpoints.MapPost(signIn + "/uscita", (RequestDelegate)citizens.SignOut);
        endpoints.MapGet($"/{CitizenPaths.Segment}/con/{{provider}}", (RequestDelegate)citizens.Away);
        endpoints.MapPost(CitizenPaths.Callback + "/{provider}/uscita", (RequestDelegate)root.Resolve<OpenIdSignIn>().Logout);
        root.Resolve<ImportApi>().Map(endpoints);
        pages.MapServices(endpoints);
        MapConsole(endpoints, root);
        endpoints.MapFallback((HttpContext http) => home.NotFound(http)).WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head, HttpMethods.Post]));
    }

    static void MapConsole(IEndpointRouteBuilder endpoints, ILifetimeScope root)
    {
        var console = root.Resolve<ConsolePages>();
        string[] both = [HttpMethods.Get, HttpMethods.Post];
        endpoints.MapGet(ConsolePaths.Root, (RequestDelegate)console.Overview).WithMetadata(ConsoleAccess.SignedIn);
        endpoints.MapGet(ConsolePaths.Root + "/{entity}", (RequestDelegate)console.Desk).WithMetadata(ConsoleAccess.SignedIn);
        endpoints.MapMethods(ConsolePaths.SignIn, both, (RequestDelegate)console.SignIn).WithMetadata(ConsoleAccess.Anybody);
        var open = root.Resolve<OpenIdSignIn>();
        endpoints.MapGet(ConsolePaths.SignIn + "/con/{provider}", (RequestDelegate)open.Start).WithMetadata(ConsoleAccess.Anybody);
        endpoints.MapPost(IdentityProvider.Root + "/{provider}/uscita", (RequestDelegate)open.Logout).WithMetadata(ConsoleAccess.Anybody);
        endpoints.MapMethods(ConsolePaths.SignIn + "/avvio", both, (RequestDelegate)console.Bootstrap).WithMetadata(ConsoleAccess.Anybody);
        endpoints.MapMethods(ConsolePaths.SignIn + "/attiva", both, (RequestDelegate)console.Activate).WithMetadata(ConsoleAccess.Anybody);
        endpoints.MapPost(ConsolePaths.SignIn + "/codice", (RequestDelegate)console.Second).WithMetadata(ConsoleAccess.Anybody);
        endpoints.MapMethods(ConsolePaths.SignIn + "/profilo", both, (RequestDelegate)console.Account).WithMetadata(ConsoleAccess.SignedIn);
        endpoints.MapPost(ConsolePaths.SignIn + "/uscita", (RequestDelegate)console.SignOut).WithMetadata(ConsoleAccess.SignedIn);
        root.Resolve<ConsoleServer>().MapSections(endpoints);
    }
}
