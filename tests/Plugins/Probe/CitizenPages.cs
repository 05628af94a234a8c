using Platform.Core.Pages;

namespace Probe;

/// <summary>For who is signed in: who that is, as the service knows him. Its form counts what was sent.</summary>
[RequiresSignIn]
internal sealed class MinePage : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Task.FromResult(PageAnswer.View<CitizenView>(new CitizenModel(Words(request), request.Path + "/mia")));

    public Task<PageAnswer> Post(PageRequest request, CancellationToken stop) =>
        Task.FromResult(PageAnswer.View<CitizenView>(new CitizenModel($"sent by {Words(request)}", request.Path + "/mia")));

    public static string Words(PageRequest request) => request.Citizen is { } citizen ? $"{citizen.TaxCode} {citizen.Name} {citizen.Level} {citizen}" : "nobody";
}

/// <summary>For who signed in with a device that has certificates.</summary>
[RequiresSignIn(Level = 3)]
internal sealed class StrongPage : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Task.FromResult(PageAnswer.View<CitizenView>(new CitizenModel(MinePage.Words(request), null)));
}

/// <summary>For everybody, and offers a sign-in.</summary>
internal sealed class MaybePage : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Task.FromResult(PageAnswer.View<CitizenView>(new CitizenModel(MinePage.Words(request), request.Path + "/forse")));

    public Task<PageAnswer> Post(PageRequest request, CancellationToken stop) =>
        Task.FromResult(PageAnswer.View<CitizenView>(new CitizenModel($"sent by {MinePage.Words(request)}", request.Path + "/forse")));
}

/// <param name="Action">Where the page's form is posted; null where it has none.</param>
public sealed record CitizenModel(string Words, string? Action);
