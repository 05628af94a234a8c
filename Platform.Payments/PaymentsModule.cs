using Autofac;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Platform.Core.Hosting;
using Platform.Core.Pages;
using Platform.Payments.Checkout;
using Platform.Payments.Gateways;
using Platform.Payments.Gateways.PagOnLine;
using Platform.Payments.Gateways.PagOnlineImprese;
using Platform.Payments.Ledger;
using Platform.Payments.Pages;
using Platform.Payments.Positions;
using Platform.Payments.Recorded;
using Platform.Payments.Refunds;
using Platform.Payments.Settlement;
using Platform.Payments.Tasks;

namespace Platform.Payments;

internal sealed class PaymentsModule : IPlatformModule
{
    public string Id => "payments";

    public void Register(ContainerBuilder builder)
    {
        builder.RegisterType<Agreements>().AsSelf().As<IFormTargets>().SingleInstance();
        builder.RegisterType<GatewayFacts>().SingleInstance();
        builder.RegisterType<GatewayStates>().SingleInstance();
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
        builder.RegisterType<PaymentPages>().SingleInstance();
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

    public void Map(IEndpointRouteBuilder endpoints, ILifetimeScope root)
    {
        var pages = root.Resolve<PaymentPages>();
        string[] both = [HttpMethods.Get, HttpMethods.Post];
        endpoints.MapMethods("/pagamenti/{gateway}/ritorno", both, (RequestDelegate)pages.Return);
        endpoints.MapMethods("/pagamenti/{gateway}/ascolto", both, (RequestDelegate)pages.Listen);
        endpoints.MapMethods($"/{{entity}}/pagamenti/{PaymentPages.AskPath}", both, (RequestDelegate)pages.Ask);
        endpoints.MapMethods("/{entity}/pagamenti/{code}/ripresa", both, (RequestDelegate)pages.Resume);
        endpoints.MapGet("/{entity}/pagamenti/{code}", (RequestDelegate)pages.Status);
        endpoints.MapGet("/verifica", (RequestDelegate)pages.CheckForm);
        endpoints.MapGet("/verifica/{code}", (RequestDelegate)pages.Check);
        endpoints.MapGet("/verifica/{code}/quietanza.pdf", (RequestDelegate)pages.Pdf);
    }
}
