using Autofac;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Platform.Core.Documents;
using Platform.Core.Hosting;
using Platform.Core.Office;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Payments.Carts;
using Platform.Payments.Checkout;
using Platform.Payments.Gateways;
using Platform.Payments.Gateways.PagOnLine;
using Platform.Payments.Gateways.PagOnlineImprese;
using Platform.Payments.Ledger;
using Platform.Payments.Office;
using Platform.Payments.Office.Days;
using Platform.Payments.Office.Export;
using Platform.Payments.Office.Overview;
using Platform.Payments.Office.Received;
using Platform.Payments.Office.Search;
using Platform.Payments.Office.Story;
using Platform.Payments.Office.Tasks;
using Platform.Payments.Pages;
using Platform.Payments.Positions;
using Platform.Payments.Receipts;
using Platform.Payments.Recorded;
using Platform.Payments.Refunds;
using Platform.Payments.Settlement;
using Platform.Payments.Tasks;

namespace Platform.Payments;

internal sealed class PaymentsModule : IPlatformModule
{
    public string Id => Cart.OfAll;

    public void Register(ContainerBuilder builder)
    {
        builder.RegisterType<Agreements>().AsSelf().As<IFormTargets>().SingleInstance();
        builder.RegisterType<GatewayFacts>().SingleInstance();
        builder.RegisterType<GatewayStates>().SingleInstance();
        builder.RegisterType<StrayMessages>().SingleInstance();
        builder.RegisterType<PaymentPoller>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<PositionExpirer>().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<RefundRunner>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<RefundDesk>().SingleInstance();
        builder.RegisterType<OfficerTasks>().SingleInstance();
        builder.RegisterType<PublicAddress>().SingleInstance();
        builder.RegisterType<MoneyCheck>().SingleInstance();
        builder.RegisterType<LedgerReport>().SingleInstance();
        builder.RegisterType<Reconciliation>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<SettlementImports>().SingleInstance();
        builder.RegisterType<SettlementDays>().SingleInstance();
        builder.RegisterType<Payouts>().SingleInstance();
        builder.RegisterType<BookParity>().AsSelf().As<IHostedService>().As<Sweeper>().SingleInstance();
        builder.RegisterType<PaymentQueries>().SingleInstance();
        builder.RegisterType<PaymentExport>();
        builder.RegisterType<PaymentPages>().SingleInstance();
        builder.RegisterType<CartSeal>().SingleInstance();
        builder.RegisterType<CartPages>().SingleInstance();
        builder.RegisterType<CartReader>().InstancePerLifetimeScope();
        builder.RegisterType<AgreementsExpiring>().As<Platform.Core.Watch.IExpiring>().SingleInstance();
        builder.RegisterType<AgreementReady>().As<IReadyCheck>().SingleInstance();
        builder.RegisterType<CheckedDocuments>().As<IDocuments>();
        builder.RegisterType<GatewayDirectory>().SingleInstance();
        builder.RegisterType<PagOnLineGateway>().As<IPaymentGateway>().SingleInstance();
        builder.RegisterType<PagOnlineImpreseGateway>().As<IPaymentGateway>().SingleInstance();
        builder.RegisterType<Recordings>().SingleInstance();
        builder.RegisterType<Pricing>().InstancePerLifetimeScope();
        builder.RegisterType<Opening>().InstancePerLifetimeScope();
        builder.Register(_ => new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            // A citizen may be waiting for the answer; what takes longer is asked again later.
            Timeout = TimeSpan.FromSeconds(5),
            MaxResponseContentBufferSize = GatewayFacts.MostBytes - 1,
        }).SingleInstance();
    }

    public void Describe(IOfficeDescription office)
    {
        office.Segment("pagamenti", "office.section", Desks.Entities);
        office.Permission(OfficePermissions.See, "Vedere i pagamenti e chi paga", "See payments and who pays", looksOnly: true);
        office.Permission(OfficePermissions.Export, "Scaricare elenchi di pagamenti", "Download lists of payments", looksOnly: true);
        office.Permission(OfficePermissions.Tasks, "Chiudere le attività sui pagamenti", "Settle tasks about payments");
        office.Permission(OfficePermissions.Refund, "Chiedere rimborsi", "Ask for refunds");
        office.Permission(OfficePermissions.Record, "Registrare pagamenti ricevuti allo sportello, sul conto o alla posta", "Record payments received at the counter, on the account or at the post");
        office.Permission(OfficePermissions.Approve, "Approvare rimborsi chiesti e pagamenti registrati da altri", "Approve refunds that others asked for and payments that others recorded");
        office.Permission(OfficePermissions.Settle, "Vedere i riversamenti giorno per giorno", "See settlement day by day", looksOnly: true);
        office.OfficePage<SearchPage>("", "office.menu.search");
        office.OfficePage<StoryPage>("pagamento/{order}");
        office.OfficePage<AskRefundPage>("pagamento/{order}/rimborso");
        office.OfficePage<RefundPage>("rimborso/{number}");
        office.OfficePage<CsvPage>("esporta.csv");
        office.OfficePage<XlsxPage>("esporta.xlsx");
        office.OfficePage<TasksPage>(TasksPage.Pattern, "office.menu.tasks");
        office.OfficePage<ResolvePage>(TasksPage.Pattern + "/chiudi");
        office.OfficePage<ReplayPage>(TasksPage.Pattern + "/riconsegna/{event}");
        office.OfficePage<ReceivedPage>(ReceivedPage.Pattern, "office.menu.received");
        office.OfficePage<FindOwedPage>(ReceivedPage.Pattern + "/nuovo");
        office.OfficePage<RecordPage>(ReceivedPage.Pattern + "/nuovo/{position}");
        office.OfficePage<RecordingPage>(ReceivedPage.Pattern + "/{order}");
        office.OfficePage<ProofPage>(ReceivedPage.Pattern + "/{order}/prova");
        office.OfficePage<OverviewPage>(OverviewPage.Pattern, "office.menu.overview");
        office.OfficePage<DaysPage>(DaysPage.Pattern, "office.menu.days");
        office.Segment("pagamenti-degli-enti", "office.section", Desks.Centre);
        office.OfficePage<OverviewPage>(OverviewPage.Pattern, "office.menu.overview");
        office.OfficePage<DaysPage>(DaysPage.Pattern, "office.menu.days");
        // Messages that are nobody's wait here: no creditor sees them.
        office.OfficePage<TasksPage>(TasksPage.Pattern, "office.menu.tasks");
        office.OfficePage<ResolvePage>(TasksPage.Pattern + "/chiudi");
        office.OfficePage<ReplayPage>(TasksPage.Pattern + "/riconsegna/{event}");
    }

    public void Map(IEndpointRouteBuilder endpoints, ILifetimeScope root)
    {
        var pages = root.Resolve<PaymentPages>();
        string[] both = [HttpMethods.Get, HttpMethods.Post];
        endpoints.MapMethods("/pagamenti/{gateway}/ritorno/{key?}", both, (RequestDelegate)pages.Return);
        endpoints.MapMethods("/pagamenti/{gateway}/ascolto", both, (RequestDelegate)pages.Listen);
        endpoints.MapMethods($"/{{entity}}/pagamenti/{PaymentPages.AskPath}", both, (RequestDelegate)pages.Ask);
        endpoints.MapMethods($"/{{entity}}/pagamenti/{CartPages.Segment}", both, (RequestDelegate)root.Resolve<CartPages>().Serve);
        endpoints.MapMethods("/{entity}/pagamenti/{code}/ripresa", both, (RequestDelegate)pages.Resume);
        endpoints.MapGet("/{entity}/pagamenti/{code}", (RequestDelegate)pages.Status);
        endpoints.MapGet("/verifica", (RequestDelegate)pages.CheckForm);
        endpoints.MapGet("/verifica/{code}", (RequestDelegate)pages.Check);
        endpoints.MapGet("/verifica/{code}/quietanza.pdf", (RequestDelegate)pages.Pdf);
    }
}
