using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Identity;
using Platform.Core.Pages;
using Platform.Core.Storage;
using Services.SchoolFees.Billing;

namespace Services.SchoolFees;

/// <summary>Looks a bill up for who holds it: its code and the tax code of who pays, or of a delegate of his, must match. A bill that does not exist and one of another get the same answer by the same way.</summary>
internal sealed record FindBill(string Code, TaxCode Payer) : ICommand<Outcome<FoundBill>>;

/// <param name="Delegate">It was found by who pays in another's place.</param>
/// <param name="Wallet">It is a prepaid wallet and no bill.</param>
internal sealed record FoundBill(Guid Id, bool Delegate, bool Wallet);

internal sealed class FindBillHandler(ISessions sessions) : ICommandHandler<FindBill, Outcome<FoundBill>>
{
    public async Task<Outcome<FoundBill>> Handle(FindBill command, CancellationToken stop)
    {
        var found = await sessions.Run(session => session.First<Row>(
            """
            select b.bill_id as id, false as wallet, p.tax_code as taxCode,
                   (select string_agg(n.tax_code, ' ') from schoolfees.delegate d join schoolfees.person n on n.entity_id = d.entity_id and n.person_id = d.delegate_id
                     where d.entity_id = b.entity_id and d.payer_id = b.payer_id) as delegates
            from schoolfees.bill b
            join schoolfees.person p on p.entity_id = b.entity_id and p.person_id = b.payer_id
            where b.entity_id = @entity and b.code = @Code and b.state not in ('draft', 'approved')
            union all
            select w.wallet_id, true, p.tax_code,
                   (select string_agg(n.tax_code, ' ') from schoolfees.delegate d join schoolfees.person n on n.entity_id = d.entity_id and n.person_id = d.delegate_id
                     where d.entity_id = w.entity_id and d.payer_id = u.payer_id)
            from schoolfees.wallet w
            join schoolfees.pupil u on u.entity_id = w.entity_id and u.pupil_id = w.pupil_id
            join schoolfees.person p on p.entity_id = u.entity_id and p.person_id = u.payer_id
            where w.entity_id = @entity and w.code = @Code
            """, new { entity = session.Entity, command.Code }), stop);
        if (Same(found?.TaxCode ?? "", command.Payer.Value) & found is not null)
            return new FoundBill(found!.Id, Delegate: false, found.Wallet);
        return (found?.Delegates ?? "").Split(' ').Any(code => Same(code, command.Payer.Value)) && found is not null ? new FoundBill(found.Id, Delegate: true, found.Wallet) : new Refusal(BillRefusals.NotFound);
    }

    static bool Same(string known, string typed)
    {
        Span<byte> a = stackalloc byte[16];
        Span<byte> b = stackalloc byte[16];
        a.Clear();
        b.Clear();
        Encoding.ASCII.GetBytes(known, a);
        Encoding.ASCII.GetBytes(typed, b);
        return CryptographicOperations.FixedTimeEquals(a, b);
    }

    sealed record Row(Guid Id, bool Wallet, string TaxCode, string? Delegates);
}

/// <summary>Asks for the two things that only who holds the bill knows, and leads to it by a link that cannot be guessed.</summary>
internal sealed class FindBillPage(ICommands commands, ILinks links) : IPage
{
    public const string Code = "codice";
    public const string Payer = "codice_fiscale";

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Task.FromResult(Draw(request, new FormState(), StatusCodes.Status200OK));
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        var texts = SchoolFeesTexts.In(request.Culture);
        var form = FormState.From(request.Form);
        var code = BillCode.Read(form[Code]);
        if (code is null)
            form.AddError(Code, texts[form.IsEmpty(Code) ? "find.code.missing" : "find.code.wrong"]);
        var payer = form.TaxCode(Payer);
        if (payer is not { IsPerson: true })
            form.AddError(Payer, texts[form.IsEmpty(Payer) ? "find.payer.missing" : "find.payer.wrong"]);
        if (form.IsValid)
        {
            var found = await commands.Send(new FindBill(code!, payer!.Value), stop);
            if (found.Refusal is null)
                return PageAnswer.Go($"{request.Path}/{(found.Value.Wallet ? BillLinks.ToWallet(links, found.Value.Id, found.Value.Delegate) : BillLinks.To(links, found.Value.Id, found.Value.Delegate))}");
            form.AddError("", texts[$"refusal.{found.Refusal.Code}"]);
        }
        return Draw(request, form, StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>Where to send who comes with a link that does not open.</summary>
    public static PageAnswer Back(PageRequest request) => PageAnswer.Go($"{request.Path}?avviso=scaduto");

    static PageAnswer Draw(PageRequest request, FormState form, int status) =>
        PageAnswer.View<FindBillView>(new FindBillModel(SchoolFeesTexts.In(request.Culture), form, request.Path, request.Query["avviso"] == "scaduto", request.Citizen is null ? null : $"{request.Path}/{MyFamilyPage.Pattern}", request.Creditor), status);
}

/// <summary>The search as a page shows it.</summary>
/// <param name="FamilyPath">Where who is signed in finds all bills without a code; null where nobody is.</param>
public sealed record FindBillModel(Texts Texts, FormState Form, string Path, bool LinkExpired, string? FamilyPath, Entity Creditor);

/// <summary>
/// Addresses for who has shown to hold a bill: good for a day, then he types again. What a link is for and whether it is a delegate's stands in it, so that none opens as another: a
/// delegate sees and pays bills, and does not come to the payer's certificates.
/// </summary>
internal static class BillLinks
{
    static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    public static string To(ILinks links, Guid bill, bool ofDelegate) => $"bolletta/{links.Seal($"{(ofDelegate ? 'b' : 'B')}{bill:N}", Lifetime)}";

    public static string ToHousehold(ILinks links, string payer, bool ofDelegate) => $"famiglia/{links.Seal($"{(ofDelegate ? 'h' : 'H')}{payer}", Lifetime)}";

    public static string ToDispute(ILinks links, Guid bill, bool ofDelegate) => $"contestazione/{links.Seal($"{(ofDelegate ? 'b' : 'B')}{bill:N}", Lifetime)}";

    public static string ToCertificates(ILinks links, string payer) => $"attestazioni/{links.Seal($"H{payer}", Lifetime)}";

    public static string ToWallet(ILinks links, Guid wallet, bool ofDelegate) => $"borsellino/{links.Seal($"{(ofDelegate ? 'w' : 'W')}{wallet:N}", Lifetime)}";

    public static Guid? Wallet(ILinks links, string? token) => (Open(links, token, 'W') ?? Open(links, token, 'w')) is { } value && Guid.TryParseExact(value, "N", out var wallet) ? wallet : null;

    public static Guid? Bill(ILinks links, string? token) => (Open(links, token, 'B') ?? Open(links, token, 'b')) is { } value && Guid.TryParseExact(value, "N", out var bill) ? bill : null;

    /// <summary>Whose household it is, for himself or a delegate.</summary>
    public static string? Household(ILinks links, string? token) => Open(links, token, 'H') ?? Open(links, token, 'h');

    /// <summary>Whose household it is, for himself.</summary>
    public static string? Payer(ILinks links, string? token) => Open(links, token, 'H');

    public static bool IsOfDelegate(ILinks links, string? token) => (Open(links, token, 'b') ?? Open(links, token, 'h') ?? Open(links, token, 'w')) is not null;

    static string? Open(ILinks links, string? token, char kind) => token is not null && links.Open(token) is { Length: > 1 } value && value[0] == kind ? value[1..] : null;
}
