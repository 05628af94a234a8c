using System.Net;
using System.Text.RegularExpressions;
using Autofac;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Platform.Core.Identity;
using Platform.Core.Plugins;
using Platform.Testing;

namespace Platform.Core.Tests.Identity;

/// <summary>Every endpoint of the console, read from the running host, tried as each role at its own and at another entity: a page that is added tomorrow is in it.</summary>
public sealed partial class MatrixTests
{
    const string Own = "VRG";

    static readonly (string Name, string Slug)[] Desks = [("own", "vergato"), ("other", "marzabotto"), ("centre", "centro")];

    static readonly (string Name, string Entity, (string Role, string Scope)[] Roles)[] People =
    [
        ("with nothing", Own, []),
        ("administrator", Own, [("administrator", "")]),
        ("officer of the service", Own, [("officer", "probe")]),
        ("accountant", Own, [("accountant", "")]),
        ("auditor", Own, [("auditor", "")]),
        ("with one permission", Own, [("permission", "probe.see")]),
        ("administrator of the centre", "000", [("administrator", "")]),
        ("auditor of the centre", "000", [("auditor", "")]),
    ];

    PorticoTestHost host = null!;
    HttpClient client = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start(Path.Combine(TestCluster.Artifacts, "test-plugins"));
        foreach (var municipality in new[] { "VRG", "MZB" })
            await host.Activate("probe", municipality);
        client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        client?.Dispose();
        await host.DisposeAsync();
    }

    [Test]
    public async Task Each_role_reaches_its_pages_at_its_desk_and_nothing_else()
    {
        var pages = Endpoints().Where(endpoint => endpoint.Metadata.GetMetadata<ConsoleAccess>()!.Permission is not null).ToList();
        pages.Should().HaveCountGreaterThanOrEqualTo(3);
        var (wrong, tried) = (new List<string>(), 0);
        foreach (var person in People.Prepend(("nobody", Own, [])))
        {
            using var officer = person.Item1 == "nobody" ? null : await host.SignInAs(person.Item2, person.Item3);
            foreach (var endpoint in pages)
                foreach (var desk in Desks)
                    foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
                    {
                        var access = endpoint.Metadata.GetMetadata<ConsoleAccess>()!;
                        var answer = await Ask(method, Address(endpoint.RoutePattern, desk.Slug), officer?.Cookies);
                        tried++;
                        var expected = Expected(person, access.Permission!, desk.Name);
                        if (!Fits(expected, answer))
                            wrong.Add($"{person.Item1} {method} {endpoint.RoutePattern.RawText} at the {desk.Name} desk: {(int)answer.StatusCode} and not {expected}");
                    }
        }
        wrong.Should().BeEmpty();
        TestContext.Out.WriteLine($"{pages.Count} endpoints, {People.Length + 1} persons, {Desks.Length} desks: {tried} requests.");
    }

    [Test]
    public async Task What_is_for_who_is_signed_in_is_closed_to_nobody_else()
    {
        foreach (var endpoint in Endpoints().Where(endpoint => endpoint.Metadata.GetMetadata<ConsoleAccess>() is { Anonymous: false }))
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
                IsSentToSignIn(await Ask(method, Address(endpoint.RoutePattern, "vergato"), null)).Should().BeTrue($"{method} {endpoint.RoutePattern.RawText}");
    }

    [Test]
    public void Only_signing_in_is_for_everybody() =>
        Endpoints().Where(endpoint => endpoint.Metadata.GetMetadata<ConsoleAccess>()!.Anonymous).Select(endpoint => endpoint.RoutePattern.RawText)
            .Should().OnlyContain(pattern => pattern!.StartsWith("/console/accesso", StringComparison.Ordinal));

    [TestCase("console/{entity}/nuova")]
    [TestCase("/console/nuova")]
    [TestCase("CONSOLE/nuova")]
    public void An_endpoint_that_declares_nothing_stops_the_start(string pattern)
    {
        var planted = new RouteEndpointBuilder(_ => Task.CompletedTask, RoutePatternFactory.Parse(pattern), 0);

        FluentActions.Invoking(() => ConsoleAccess.RefuseUndeclared([.. Endpoints(), planted.Build()])).Should().Throw<InvalidOperationException>().WithMessage("*does not say who may open it*");
        planted.Metadata.Add(new ConsoleAccess("probe.see"));
        FluentActions.Invoking(() => ConsoleAccess.RefuseUndeclared([planted.Build()])).Should().NotThrow();
    }

    enum Answer
    {
        SignIn,
        NothingThere,
        Forbidden,
        Open,
    }

    /// <summary>Written again, by the words of the roles and not by their code.</summary>
    Answer Expected((string Name, string Entity, (string Role, string Scope)[] Roles) person, string permission, string desk)
    {
        if (person.Name == "nobody")
            return Answer.SignIn;
        var isHere = person.Roles.Length > 0 && (person.Entity == "000" || desk == "own");
        if (!isHere)
            return Answer.NothingThere;
        var looks = host.Catalog.Permissions.Single(declared => declared.Id == permission).LooksOnly;
        var may = person.Name switch
        {
            "administrator" or "administrator of the centre" => true,
            "officer of the service" => permission.StartsWith("probe.", StringComparison.Ordinal),
            "accountant" => permission.StartsWith("payments.", StringComparison.Ordinal),
            "auditor" or "auditor of the centre" => looks,
            _ => permission == "probe.see",
        };
        return may ? Answer.Open : Answer.Forbidden;
    }

    static bool Fits(Answer expected, HttpResponseMessage answer) => expected switch
    {
        Answer.SignIn => IsSentToSignIn(answer),
        Answer.NothingThere => answer.StatusCode == HttpStatusCode.NotFound,
        // A section that this kind of desk has not is not there for those who might see it elsewhere either.
        Answer.Forbidden => answer.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.NotFound,
        // A form without its token, a number that nobody has: the page itself has answered. One that asks for more than its address does says 403 in the pipeline, seen elsewhere.
        _ => !IsSentToSignIn(answer) && answer.StatusCode < HttpStatusCode.InternalServerError && (answer.StatusCode != HttpStatusCode.Forbidden || answer.RequestMessage!.RequestUri!.AbsolutePath.EndsWith("/carica", StringComparison.Ordinal)),
    };

    static bool IsSentToSignIn(HttpResponseMessage answer) => answer.StatusCode == HttpStatusCode.SeeOther && answer.Headers.Location!.ToString().StartsWith("/console/accesso", StringComparison.Ordinal);

    IEnumerable<RouteEndpoint> Endpoints() => host.Container.Resolve<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(ConsoleAccess.IsOfConsole);

    static string Address(RoutePattern pattern, string desk) =>
        Parameter().Replace("/" + pattern.RawText!.TrimStart('/'), match => match.Groups["name"].Value == "entity" ? desk : "0197a000-0000-7000-8000-00000000b009");

    async Task<HttpResponseMessage> Ask(string method, string path, string? cookies)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(host.Address, path));
        if (cookies is not null)
            request.Headers.Add("Cookie", cookies);
        if (method == "POST")
            request.Content = new FormUrlEncodedContent([]);
        using var answer = await client.SendAsync(request);
        return answer;
    }

    [GeneratedRegex(@"\{\**(?<name>\w+)[^}]*\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Parameter();
}
