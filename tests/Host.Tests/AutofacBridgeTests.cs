using System.Collections;
using System.Net;
using Autofac;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portico.Host;
using ServiceKeyAttribute = Microsoft.Extensions.DependencyInjection.ServiceKeyAttribute;

namespace Host.Tests;

/// <summary>The framework's own container is the specification: each case is asked of both, and both must answer the same.</summary>
public sealed class AutofacBridgeTests
{
    static readonly Case[] Cases =
    [
        new("nothing registered", _ => { }, p => p.GetService<Leaf>()),
        new("nothing registered, required", _ => { }, p => p.GetRequiredService<Leaf>()),
        new("nothing registered, keyed", _ => { }, p => p.GetKeyedService<Leaf>("a")),
        new("nothing registered, keyed, required", _ => { }, p => p.GetRequiredKeyedService<Leaf>("a")),
        new("an enumerable of nothing", _ => { }, p => p.GetService<IEnumerable<Leaf>>()),
        new("a keyed enumerable of nothing", _ => { }, p => p.GetKeyedServices<Leaf>("a")),
        new("the last registration wins", s => s.AddSingleton<INamed, A>().AddSingleton<INamed, B>(), p => p.GetService<INamed>()),
        new("enumerables keep the order of registration",
            s => s.AddSingleton<INamed>(new Named("1")).AddTransient<INamed, B>().AddScoped<INamed>(_ => new Named("3")).AddSingleton<INamed, A>(), p => p.GetServices<INamed>()),
        new("an unkeyed enumerable has no keyed service", s => s.AddSingleton<INamed, A>().AddKeyedSingleton<INamed, B>("k"), p => p.GetServices<INamed>()),
        new("a keyed enumerable has its key only, in order", s => s.AddKeyedSingleton<INamed, B>("k").AddKeyedSingleton<INamed, A>("other")
            .AddSingleton<INamed, A>().AddKeyedTransient<INamed>("k", (_, key) => new Named("made for " + key)).AddKeyedSingleton<INamed>("k", new Named("given")), p => p.GetKeyedServices<INamed>("k")),
        new("any key lists all keys", s => s.AddKeyedSingleton<INamed, A>("a").AddKeyedSingleton<INamed, B>("b").AddSingleton<INamed, Keyed>(), p => p.GetKeyedServices<INamed>(KeyedService.AnyKey)),
        new("any key leaves out what is for any key",
            s => s.AddKeyedSingleton<INamed, Keyed>(KeyedService.AnyKey).AddKeyedSingleton<INamed, B>("b"),
            p => new[] { p.GetKeyedService<INamed>("seen before") }.Concat(p.GetKeyedServices<INamed>(KeyedService.AnyKey))),
        new("any key is a question for many", s => s.AddKeyedSingleton<INamed, A>("a"), p => p.GetKeyedService<INamed>(KeyedService.AnyKey)),
        new("what is for any key answers each key", s => s.AddKeyedSingleton<INamed, Keyed>(KeyedService.AnyKey), p => new[] { p.GetKeyedService<INamed>("x"), p.GetKeyedService<INamed>(7) }),
        new("a singleton for any key is one per key", s => s.AddKeyedSingleton<Leaf>(KeyedService.AnyKey), p =>
            new[] { ReferenceEquals(p.GetKeyedService<Leaf>("x"), p.GetKeyedService<Leaf>("x")), ReferenceEquals(p.GetKeyedService<Leaf>("x"), p.GetKeyedService<Leaf>("y")) }),
        new("a factory for any key gets the key", s => s.AddKeyedTransient<INamed>(KeyedService.AnyKey, (_, key) => new Named($"for {key}")), p => p.GetKeyedService<INamed>("x")),
        new("a given key goes before any key", s => s.AddKeyedSingleton<INamed, A>("a").AddKeyedSingleton<INamed, B>(KeyedService.AnyKey),
            p => new[] { p.GetKeyedService<INamed>("a"), p.GetKeyedService<INamed>("z") }),
        new("the last one for any key wins", s => s.AddKeyedSingleton<INamed, A>(KeyedService.AnyKey).AddKeyedSingleton<INamed, B>(KeyedService.AnyKey), p => p.GetKeyedService<INamed>("z")),
        new("a list for one key leaves out what is for any key", s => s.AddKeyedSingleton<INamed, A>(KeyedService.AnyKey).AddKeyedSingleton<INamed, B>(KeyedService.AnyKey), p => p.GetKeyedServices<INamed>("z")),
        new("a given key hides any key in a list", s => s.AddKeyedSingleton<INamed, A>(KeyedService.AnyKey).AddKeyedSingleton<INamed, B>("z"), p => p.GetKeyedServices<INamed>("z")),
        new("one for any key does not answer without a key", s => s.AddKeyedSingleton<INamed, A>(KeyedService.AnyKey), p => p.GetService<INamed>()),
        new("an open generic for any key", s => s.AddKeyedSingleton(typeof(IBox<>), KeyedService.AnyKey, typeof(Box<>)), p => p.GetKeyedService<IBox<Leaf>>("q")),
        new("the null key is no key", s => s.AddKeyedSingleton<INamed, A>(null).AddSingleton<INamed, B>(), p => new[] { p.GetKeyedService<INamed>(null), p.GetService<INamed>() }),
        new("keys are compared by value", s => s.AddKeyedSingleton<INamed, A>((1, "x")), p => p.GetKeyedService<INamed>((1, "x"))),
        new("keyed open generics", s => s.AddKeyedSingleton(typeof(IBox<>), "k", typeof(Box<>)).AddSingleton<Leaf>(), p => new object?[] { p.GetKeyedService<IBox<Leaf>>("k"), p.GetService<IBox<Leaf>>() }),
        new("open generics", s => s.AddTransient(typeof(IBox<>), typeof(Box<>)), p => p.GetService<IBox<int>>()),
        new("a closed generic goes before an open one", s => s.AddSingleton<IBox<int>, IntBox>().AddSingleton(typeof(IBox<>), typeof(Box<>)), p => p.GetService<IBox<int>>()),
        new("open generics whose constraints do not hold are left out", s => s.AddSingleton(typeof(IBox<>), typeof(Box<>)).AddSingleton(typeof(IBox<>), typeof(StructBox<>)), p => p.GetServices<IBox<string>>()),
        new("open generics whose constraints hold are listed", s => s.AddSingleton(typeof(IBox<>), typeof(Box<>)).AddSingleton(typeof(IBox<>), typeof(StructBox<>)), p => p.GetServices<IBox<int>>()),
        new("[ServiceKey] gets the key", s => s.AddKeyedTransient<INamed, Keyed>("k"), p => p.GetKeyedService<INamed>("k")),
        new("[ServiceKey] in an enumerable", s => s.AddKeyedTransient<INamed, Keyed>("k").AddKeyedTransient<INamed, Keyed>("l"), p => p.GetKeyedServices<INamed>(KeyedService.AnyKey)),
        new("[FromKeyedServices]", s => s.AddKeyedSingleton<INamed, A>("left").AddKeyedSingleton<INamed, B>("right").AddTransient<Pair>(), p => p.GetService<Pair>()),
        new("[FromKeyedServices] of what is for any key", s => s.AddKeyedSingleton<INamed, Keyed>(KeyedService.AnyKey).AddTransient<Pair>(), p => p.GetService<Pair>()),
        new("[FromKeyedServices] does not fall back to the unkeyed", s => s.AddSingleton<INamed, A>().AddTransient<OptionalKeyed>(), p => p.GetService<OptionalKeyed>()),
        new("[FromKeyedServices] of a list", s => s.AddKeyedSingleton<INamed, A>("left").AddKeyedSingleton<INamed, B>("left").AddTransient<Many>(), p => p.GetService<Many>()),
        new("[FromKeyedServices] without a key inherits it", s => s.AddKeyedSingleton<INamed, A>("k").AddKeyedTransient<Inherits>("k"), p => p.GetKeyedService<Inherits>("k")),
        new("[FromKeyedServices(null)] is unkeyed", s => s.AddKeyedSingleton<INamed, A>("k").AddSingleton<INamed, B>().AddKeyedTransient<Unkeyed>("k"), p => p.GetKeyedService<Unkeyed>("k")),
        new("optional parameters take their default", s => s.AddTransient<Optional>(), p => p.GetService<Optional>()),
        new("optional parameters are filled where possible", s => s.AddTransient<Optional>().AddSingleton<Leaf>(), p => p.GetService<Optional>()),
        new("the longest satisfiable constructor, none but the leaf", s => s.AddTransient<Greedy>().AddSingleton<Leaf>(), p => p.GetService<Greedy>()),
        new("the longest satisfiable constructor, all", s => s.AddTransient<Greedy>().AddSingleton<Leaf>().AddSingleton<INamed, A>(), p => p.GetService<Greedy>()),
        new("a scope has its own", s => s.AddScoped<Leaf>().AddSingleton<Other>().AddTransient<Third>(), p =>
        {
            using var one = p.CreateScope();
            using var two = p.CreateScope();
            var (a, b) = (one.ServiceProvider, two.ServiceProvider);
            return new[]
            {
                ReferenceEquals(a.GetService<Leaf>(), a.GetService<Leaf>()), ReferenceEquals(a.GetService<Leaf>(), b.GetService<Leaf>()),
                ReferenceEquals(a.GetService<Other>(), b.GetService<Other>()), ReferenceEquals(a.GetService<Third>(), a.GetService<Third>()),
            };
        }),
        new("a keyed scope has its own", s => s.AddKeyedScoped<Leaf>("k"), p =>
        {
            using var one = p.CreateScope();
            using var two = p.CreateScope();
            return new[]
            {
                ReferenceEquals(one.ServiceProvider.GetKeyedService<Leaf>("k"), one.ServiceProvider.GetKeyedService<Leaf>("k")),
                ReferenceEquals(one.ServiceProvider.GetKeyedService<Leaf>("k"), two.ServiceProvider.GetKeyedService<Leaf>("k")),
            };
        }),
        new("scopes are flat", s => s.AddScoped<Leaf>().AddSingleton<Other>(), p =>
        {
            IServiceScope inner;
            using (var outer = p.CreateScope())
                inner = outer.ServiceProvider.GetRequiredService<IServiceScopeFactory>().CreateScope();
            using (inner)
                return new object?[] { inner.ServiceProvider.GetService<Leaf>(), inner.ServiceProvider.GetService<Other>() };
        }),
        new("the provider inside a scope is that scope's", s => s.AddScoped<Leaf>().AddTransient<HoldsProvider>(), p =>
        {
            using var scope = p.CreateScope();
            return ReferenceEquals(scope.ServiceProvider.GetRequiredService<HoldsProvider>().Provider.GetService<Leaf>(), scope.ServiceProvider.GetService<Leaf>());
        }),
        new("the provider inside a singleton is the root's", s => s.AddScoped<Leaf>().AddSingleton<HoldsProvider>(), p =>
        {
            using var scope = p.CreateScope();
            var root = scope.ServiceProvider.GetRequiredService<HoldsProvider>().Provider;
            return new[] { ReferenceEquals(root.GetService<Leaf>(), scope.ServiceProvider.GetService<Leaf>()), ReferenceEquals(root.GetService<Leaf>(), p.GetService<Leaf>()) };
        }),
        new("a factory inside a scope gets the scope", s => s.AddScoped<Leaf>().AddTransient(q => new HoldsProvider(q)), p =>
        {
            using var scope = p.CreateScope();
            return ReferenceEquals(scope.ServiceProvider.GetRequiredService<HoldsProvider>().Provider.GetService<Leaf>(), scope.ServiceProvider.GetService<Leaf>());
        }),
        new("ActivatorUtilities mixes given and injected", s => s.AddSingleton<Leaf>(), p => ActivatorUtilities.CreateInstance<TakesString>(p, "given")),
        new("a singleton made in a scope outlives it", s => s.AddSingleton<Tracked>(), p =>
        {
            Tracked made;
            using (var scope = p.CreateScope())
                made = scope.ServiceProvider.GetRequiredService<Tracked>();
            return made.Disposals;
        }),
    ];

    [TestCaseSource(nameof(Cases))]
    public void Answers_as_the_framework_does(Case asked)
    {
        using var framework = Framework(asked.Register);
        using var bridge = Bridge(asked.Register);
        Answer(bridge, asked.Ask).Should().Be(Answer(framework, asked.Ask));
    }

    [Test]
    public void Minimal_apis_see_the_same_services()
    {
        static void Register(IServiceCollection s) => s.AddSingleton<Leaf>().AddScoped(typeof(IBox<>), typeof(Box<>)).AddKeyedSingleton<INamed, A>("k")
            .AddKeyedSingleton<Other>(KeyedService.AnyKey).AddSingleton<byte[]>([1]).AddSingleton<ISet<int>>(new HashSet<int>());
        Type[] types =
        [
            typeof(Leaf), typeof(INamed), typeof(Other), typeof(IBox<int>), typeof(IBox<>), typeof(IEnumerable<Third>), typeof(IEnumerable<>), typeof(int[]), typeof(byte[]),
            typeof(IList<int>), typeof(IReadOnlyList<int>), typeof(List<int>), typeof(ISet<int>), typeof(string), typeof(HttpContext), typeof(IServiceProvider), typeof(IServiceScopeFactory),
            typeof(IServiceProviderIsService), typeof(IServiceProviderIsKeyedService),
        ];
        using var framework = Framework(Register);
        using var bridge = Bridge(Register);
        string[] Seen(IServiceProvider p) =>
        [
            .. types.Select(t => $"{t}: {p.GetRequiredService<IServiceProviderIsService>().IsService(t)}"),
            .. types.Where(t => t.Namespace != "System" && t.Namespace != typeof(IServiceScopeFactory).Namespace).SelectMany(_ => new object?[] { null, "k", "z" }, (t, k) => $"{t} as {k}: {p.GetRequiredService<IServiceProviderIsKeyedService>().IsKeyedService(t, k)}"),
        ];
        Seen(bridge).Should().Equal(Seen(framework));
    }

    [Test]
    public async Task Disposes_what_it_made_once_in_reverse_order_and_nothing_it_was_given([Values] bool asynchronously)
    {
        async Task<string> Run(Func<Action<IServiceCollection>, IServiceProvider> container)
        {
            var log = new List<string>();
            var given = new Tracked { Log = log, Name = "given" };
            var provider = container(s => s.AddSingleton(given).AddKeyedSingleton("k", given)
                .AddKeyedSingleton(KeyedService.AnyKey, (_, key) => new Tracked { Log = log, Name = $"for {key}" })
                .AddScoped<Tracked>(_ => new() { Log = log, Name = "scoped" })
                .AddTransient<IDisposable>(_ => new Tracked { Log = log, Name = "transient" }));
            var scope = provider.CreateAsyncScope();
            scope.ServiceProvider.GetServices<Tracked>().Should().HaveCount(2);
            scope.ServiceProvider.GetService<IDisposable>();
            scope.ServiceProvider.GetKeyedService<Tracked>("k");
            scope.ServiceProvider.GetKeyedService<Tracked>("any");
            if (asynchronously)
                await scope.DisposeAsync();
            else
                scope.Dispose();
            log.Add("|");
            if (asynchronously)
                await ((IAsyncDisposable)provider).DisposeAsync();
            else
                ((IDisposable)provider).Dispose();
            return string.Join(' ', log);
        }
        var expected = await Run(Framework);
        (await Run(Bridge)).Should().Be(expected).And.Be("transient scoped | for any");
    }

    [Test]
    public void A_disposed_scope_says_so()
    {
        using var bridge = Bridge(s => s.AddScoped<Leaf>());
        var scope = bridge.CreateScope();
        scope.Dispose();
        FluentActions.Invoking(() => scope.ServiceProvider.GetService<Leaf>()).Should().Throw<ObjectDisposedException>();
        bridge.GetService<Leaf>().Should().NotBeNull();
    }

    [Test]
    public void An_absent_keyed_dependency_is_named()
    {
        using var bridge = Bridge(s => s.AddTransient<Pair>().AddSingleton<INamed, A>());
        FluentActions.Invoking(() => bridge.GetService<Pair>()).Should().Throw<Autofac.Core.DependencyResolutionException>()
            .WithInnerException<InvalidOperationException>().WithMessage("*left*" + typeof(INamed) + "*" + nameof(Pair) + "*");
    }

    [Test]
    public void Our_own_registrations_win_and_obey_the_frameworks_attributes()
    {
        var services = new ServiceCollection();
        services.AddKeyedSingleton<INamed, A>("left").AddKeyedSingleton<INamed, B>("right").AddSingleton<INamed, A>();
        var factory = new AutofacBridge(b =>
        {
            b.RegisterType<Pair>();
            b.RegisterType<B>().As<INamed>();
        });
        using var provider = (AutofacProvider)factory.CreateServiceProvider(factory.CreateBuilder(services));
        provider.GetRequiredService<Pair>().ToString().Should().Be("A B");
        provider.GetRequiredService<INamed>().Should().BeOfType<B>();
    }

    [Test]
    public async Task A_web_host_with_keyed_registrations_serves_a_page()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Development });
        builder.Host.UseServiceProviderFactory(new AutofacBridge());
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddKeyedSingleton<INamed, A>("left").AddKeyedSingleton<INamed, B>("right").AddKeyedSingleton<INamed, Keyed>(KeyedService.AnyKey)
            .AddTransient<Pair>().AddScoped<Leaf>();
        builder.Services.AddHttpClient("bank").AddAsKeyed();
        builder.Services.AddRazorComponents();
        builder.Services.AddAntiforgery();
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddHealthChecks().AddCheck("alive", () => Microsoft.Extensions.Diagnostics.HealthChecks.HealthCheckResult.Healthy());
        builder.Services.AddLocalization();
        builder.Services.AddAuthentication().AddCookie();
        builder.Services.AddAuthorization();
        await using var app = builder.Build();
        app.UseAntiforgery();
        app.MapHealthChecks("/health");
        app.MapGet("/", (Pair pair, [FromKeyedServices("z")] INamed named, [FromKeyedServices("bank")] HttpClient bank, IAntiforgery antiforgery, HttpContext http) =>
            $"{pair} {named} {bank.Timeout.TotalSeconds} {antiforgery.GetAndStoreTokens(http).RequestToken is not null}");
        app.MapGet("/page", () => new Microsoft.AspNetCore.Http.HttpResults.RazorComponentResult<Page>());
        app.MapPost("/sum", (int[] numbers, Leaf _) => numbers.Sum()).DisableAntiforgery();
        await app.StartAsync();

        using var client = new HttpClient { BaseAddress = new(app.Urls.Single()) };
        (await client.GetStringAsync("/")).Should().Be("A B key z 100 True");
        (await client.GetStringAsync("/page")).Should().Be("<h1>key page</h1>");
        (await client.GetStringAsync("/health")).Should().Be("Healthy");
        using var numbers = new StringContent("[1,2,3]", System.Text.Encoding.UTF8, "application/json");
        using var sum = await client.PostAsync("/sum", numbers);
        sum.StatusCode.Should().Be(HttpStatusCode.OK);
        (await sum.Content.ReadAsStringAsync()).Should().Be("6", "an array in a body is no service, although Autofac could make one");
        await app.StopAsync();
    }

    static ServiceProvider Framework(Action<IServiceCollection> register)
    {
        var services = new ServiceCollection();
        register(services);
        return services.BuildServiceProvider();
    }

    static AutofacProvider Bridge(Action<IServiceCollection> register)
    {
        var services = new ServiceCollection();
        register(services);
        var factory = new AutofacBridge();
        return (AutofacProvider)factory.CreateServiceProvider(factory.CreateBuilder(services));
    }

    static string Answer(IServiceProvider provider, Func<IServiceProvider, object?> ask)
    {
        try
        {
            return Text(ask(provider));
        }
        catch (InvalidOperationException e)
        {
            return e.GetType().Name;
        }
    }

    static string Text(object? value) => value switch
    {
        null => "null",
        string text => text,
        IEnumerable many => "[" + string.Join(", ", many.Cast<object?>().Select(Text)) + "]",
        _ => value.ToString() ?? "",
    };

    public sealed record Case(string Name, Action<IServiceCollection> Register, Func<IServiceProvider, object?> Ask)
    {
        public override string ToString() => Name;
    }

    public interface INamed;
    public sealed class A : INamed { public override string ToString() => "A"; }
    public sealed class B : INamed { public override string ToString() => "B"; }
    public sealed class Named(string name) : INamed { public override string ToString() => name; }
    public sealed class Keyed([ServiceKey] object key) : INamed { public override string ToString() => $"key {key}"; }
    public sealed class Leaf { public override string ToString() => "leaf"; }
    public sealed class Other { public override string ToString() => "other"; }
    public sealed class Third;
    public interface IBox<T>;
    public sealed class Box<T> : IBox<T> { public override string ToString() => "box of " + typeof(T).Name; }
    public sealed class StructBox<T> : IBox<T> where T : struct { public override string ToString() => "struct box of " + typeof(T).Name; }
    public sealed class IntBox : IBox<int> { public override string ToString() => "int box"; }
    public sealed class Pair([FromKeyedServices("left")] INamed left, [FromKeyedServices("right")] INamed right) { public override string ToString() => $"{left} {right}"; }
    public sealed class OptionalKeyed([FromKeyedServices("left")] INamed? left = null) { public override string ToString() => $"<{left}>"; }
    public sealed class Many([FromKeyedServices("left")] IEnumerable<INamed> all) { public override string ToString() => Text(all); }
    public sealed class Inherits([FromKeyedServices] INamed named) { public override string ToString() => $"{named}"; }
    public sealed class Unkeyed([FromKeyedServices(null)] INamed named) { public override string ToString() => $"{named}"; }
    public sealed class Optional(string text = "default", int number = 7, Leaf? leaf = null) { public override string ToString() => $"{text} {number} {leaf}"; }
    public sealed class TakesString(string text, Leaf leaf) { public override string ToString() => $"{text} {leaf}"; }
    public sealed record HoldsProvider(IServiceProvider Provider);

    public sealed class Greedy
    {
        readonly string _taken;
        public Greedy() => _taken = "none";
        public Greedy(Leaf leaf) => _taken = $"{leaf}";
        public Greedy(Leaf leaf, INamed named) => _taken = $"{leaf} {named}";
        public Greedy(Leaf leaf, INamed named, Uri uri) => _taken = $"{leaf} {named} {uri}";
        public override string ToString() => _taken;
    }

    public sealed class Tracked : IDisposable, IAsyncDisposable
    {
        public ICollection<string> Log { get; init; } = new List<string>();
        public string Name { get; init; } = "";
        public int Disposals { get; private set; }

        public void Dispose()
        {
            Disposals++;
            Log.Add(Name);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    public sealed class Page : Microsoft.AspNetCore.Components.ComponentBase
    {
        [Microsoft.AspNetCore.Components.Inject(Key = "page")]
        public INamed Named { get; set; } = null!;

        protected override void BuildRenderTree(Microsoft.AspNetCore.Components.Rendering.RenderTreeBuilder builder) => builder.AddMarkupContent(0, $"<h1>{Named}</h1>");
    }
}
