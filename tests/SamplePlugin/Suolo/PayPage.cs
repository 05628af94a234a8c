namespace Suolo;

internal sealed class PayPage(ICommands commands, ILinks links) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) =>
        await Asked(request, stop) is { } asked ? Show(request, asked, null) : PageAnswer.NotFound;

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        if (await Asked(request, stop) is not { } asked)
            return PageAnswer.NotFound;
        var checkout = await commands.Pay(request, Price.Position(asked), $"richiesta/{request.Route["token"]}", stop);
        return checkout.Refusal is { } refusal ? Show(request, asked, refusal) : PageAnswer.GoTo(checkout.Value.GoTo);
    }

    async Task<Occupation?> Asked(PageRequest request, CancellationToken stop) =>
        links.Open(request.Route["token"]) is { } id ? await commands.Send(new Find(id), stop) : null;

    static PageAnswer Show(PageRequest request, Occupation asked, Refusal? refusal) =>
        PageAnswer.View<PayView>(new PayModel(asked, refusal), refusal is null ? 200 : 422);
}

public sealed record PayModel(Occupation Asked, Refusal? Refusal);
