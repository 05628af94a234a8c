using System.Security.Cryptography;
using System.Text;
using Autofac;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Limits;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Payments.Checkout;
using Platform.Payments.Pages;

namespace Platform.Payments.Carts;

/// <summary><c>/{entity}/pagamenti/carrello</c>: what was put aside, for one creditor at a time; take out, pay. The cart is the browser's own and known by nobody else.</summary>
internal sealed class CartPages(PageServer pages, EntityDirectory entities, ServiceCatalog catalog, CallScopes scopes, CartSeal seal, AddressLimits addresses, TimeProvider clock)
{
    public const string Segment = "carrello";
    public const string Creditor = "ente";
    public const string Remove = "togli";
    public const string RemoveClosed = "sgombra";
    public const string Seen = "voci";
    public const string Changed = "payments.cart_changed";
    const string Full = "pieno";
    const int MostPosts = 120;

    static readonly TimeSpan Within = TimeSpan.FromMinutes(10);

    public static string PathOf(Entity shownBy, Entity creditor, bool full = false) => $"/{shownBy.Slug}/pagamenti/{Segment}?{Creditor}={creditor.Code}{(full ? $"&{Full}=1" : "")}";

    public async Task Serve(HttpContext http)
    {
        var stop = http.RequestAborted;
        var snapshot = await entities.Current(stop);
        if (snapshot.BySlug(http.GetRouteValue("entity") as string ?? "") is not { } entity)
        {
            await pages.NotFound(http, null);
            return;
        }
        var frame = pages.FrameOf(http, entity);
        var notes = new BrowserNotes(http.Request);
        var cart = seal.Open(notes.Read(Cart.NoteOf(entity)), entity.Id);
        if (!HttpMethods.IsPost(http.Request.Method))
        {
            await Show(http, frame, notes, cart, Chosen(snapshot, cart, http.Request.Query[Creditor]), null);
            return;
        }
        if (addresses.Count(http, "payments cart", MostPosts, Within) is { } wait)
        {
            await pages.TooMany(http, frame, wait);
            return;
        }
        if (await pages.Posted(http, frame, $"/{entity.Slug}/pagamenti/{Segment}") is not { } form)
            return;
        frame = frame with { Posted = FormState.From(form) };
        if (Chosen(snapshot, cart, form[Creditor]) is not { } creditor)
        {
            // Emptied in another tab, or too old by now.
            PageServer.SeeOther(http, $"/{entity.Slug}/pagamenti/{Segment}");
            return;
        }
        if (form.ContainsKey(Remove) || form.ContainsKey(RemoveClosed))
        {
            var closed = form.ContainsKey(RemoveClosed)
                ? (await Read(entity, creditor, cart, priced: true, stop)).Where(line => line.State == CartLineState.NotPayable).Select(line => line.Due).ToHashSet() : [];
            var due = Guid.TryParse(form[Remove], out var named) ? named : Guid.Empty;
            Leave(http, notes, entity, cart.Without(item => item.Creditor == creditor.Id && (item.Due == due || closed.Contains(item.Due))));
            PageServer.SeeOther(http, PathOf(entity, creditor));
            return;
        }
        var started = await Pay(entity, creditor, cart, form, frame, stop);
        if (started.Refusal is { } refusal)
            await Show(http, frame, notes, cart, creditor, refusal);
        else
            PageServer.SeeOther(http, started.Value.GoTo.ToString());
    }

    async Task<Outcome<StartedCheckout>> Pay(Entity entity, Entity creditor, Cart cart, IFormCollection form, PageFrame frame, CancellationToken stop)
    {
        var email = form[PayFromPage.EmailField].ToString().Trim();
        if (email.Length > 0 && !PayerEmail.IsOne(email))
            return new Refusal(CheckoutRefusals.WrongEmail);
        // Prices are asked by the checkout itself; whether the municipality still offers a service is not its business.
        var lines = await Read(entity, creditor, cart, priced: false, stop);
        // In another tab something was put in or taken out: nobody pays for what the page under his eyes does not list.
        if (form[Seen] != DigestOf(lines))
            return new Refusal(Changed);
        if (lines.Any(line => line.State == CartLineState.Paid))
            return new Refusal(CheckoutRefusals.AlreadyPaid);
        if (lines.Count == 0 || lines.Any(line => line.State == CartLineState.NotPayable))
            return new Refusal(CheckoutRefusals.NotOpen);
        if (!Guid.TryParse(form[PayFromPage.AttemptField], out var drawn) || drawn == Guid.Empty)
            drawn = Guid.CreateVersion7(clock.GetUtcNow());
        var start = new StartCheckout(
            PayFromPage.AttemptOf(drawn, lines.Select(line => line.Due.ToString())), [.. lines.Select(line => new DueId(line.Due))], $"pagamenti/{Segment}?{Creditor}={creditor.Code}",
            frame.Culture.TwoLetterISOLanguageName, email.Length > 0 ? new(email) : null);
        return await scopes.In(creditor.Id, entity.Id, Cart.OfAll, scope => PayFromPage.Begin(scope.Resolve<ICommands>(), start, stop));
    }

    async Task Show(HttpContext http, PageFrame frame, BrowserNotes notes, Cart cart, Entity? creditor, Refusal? refusal)
    {
        var stop = http.RequestAborted;
        var t = PaymentTexts.Catalog.In(frame.Culture);
        var snapshot = await entities.Current(stop);
        IReadOnlyList<CartLine> lines = creditor is null ? [] : await Read(frame.Entity, creditor, cart, priced: true, stop);
        // What is paid has been dealt with, by this cart or without it; what is not known any more was never this creditor's.
        var paid = lines.Where(line => line.State == CartLineState.Paid).ToList();
        lines = [.. lines.Except(paid)];
        var kept = creditor is null ? cart : cart.Without(item => item.Creditor == creditor.Id && !lines.Any(line => line.Due == item.Due));
        Leave(http, notes, frame.Entity, kept);
        var others = kept.Items.Where(item => item.Creditor != creditor?.Id).GroupBy(item => item.Creditor)
            .Select(group => (Entity: snapshot.ById(group.Key), Count: group.Count())).Where(group => group.Entity is not null)
            .Select(group => new CartOther(group.Entity!.Name, group.Count, PathOf(frame.Entity, group.Entity!))).ToList();
        var gateway = creditor is null || lines.Count == 0 ? null : await scopes.In(creditor.Id, frame.Entity.Id, Cart.OfAll, scope => scope.Resolve<ICommands>().Send(new CheckGateway(), stop));
        var model = new CartModel(
            creditor, [.. lines.Select(line => line with { ServiceTitle = catalog.Find(line.Service)?.TitleIn(frame.Culture) ?? line.Service })], [.. paid.Select(line => line.Title)], others,
            refusal is null || refusal.Code == CheckoutRefusals.WrongEmail ? null : t[$"cart.{refusal.Code}"], http.Request.Query.ContainsKey(Full), gateway, $"/{frame.Entity.Slug}");
        await pages.Show(http, frame, typeof(CartPage), new(StringComparer.Ordinal) { ["Model"] = model }, refusal is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    Task<IReadOnlyList<CartLine>> Read(Entity entity, Entity creditor, Cart cart, bool priced, CancellationToken stop) => scopes.In(
        creditor.Id, entity.Id, Cart.OfAll, scope => scope.Resolve<CartReader>().Read([.. cart.Items.Where(item => item.Creditor == creditor.Id).Select(item => item.Due)], priced, stop));

    /// <summary>The creditor whose dues are shown: who was asked for, otherwise that of the latest.</summary>
    static Entity? Chosen(EntitySnapshot snapshot, Cart cart, string? asked) =>
        snapshot.ByCode(asked ?? "") is { } wanted && cart.Items.Any(item => item.Creditor == wanted.Id) ? wanted
        : cart.Items is [.., var latest] ? snapshot.ById(latest.Creditor) : null;

    public static string DigestOf(IEnumerable<CartLine> lines) =>
        Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', lines.Select(line => line.Due.ToString()).Order(StringComparer.Ordinal)))).AsSpan(0, 8));

    void Leave(HttpContext http, BrowserNotes notes, Entity entity, Cart cart)
    {
        var name = Cart.NoteOf(entity);
        if (cart.Items.Count == 0 && notes.Read(name) is null)
            return;
        notes.Leave(name, seal.Seal(cart, entity.Id));
        notes.SendWith(http.Response);
    }
}
