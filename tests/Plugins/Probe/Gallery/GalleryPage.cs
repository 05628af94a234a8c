using Platform.Core.Pages;

namespace Probe;

/// <summary>Every field that a service may ask with. What is right is shown back, what is wrong is told at its field.</summary>
[AcceptsFiles(2)]
internal sealed class GalleryPage : IPage
{
    public static readonly FileRules Rules = new(1 << 20, FileKind.Pdf, FileKind.Jpeg);

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) =>
        Task.FromResult(PageAnswer.View<GalleryView>(new GalleryModel(new FormState(), Choices(request), null)));

    public Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t, choices) = (FormState.From(request.Form), request.Texts, Choices(request));
        void Need(string name, bool right)
        {
            if (!right)
                form.AddError(name, t["wrong", t[name]]);
        }
        Need("text", !form.IsEmpty("text"));
        Need("date", form.Date("date") is not null);
        Need("amount", form.Amount("amount") is not null);
        Need("number", form.Integer("number") is not null);
        Need("taxcode", form.TaxCode("taxcode") is not null);
        Need("plate", form.Plate("plate").Length > 0);
        Need("email", form["email"].Contains('@', StringComparison.Ordinal));
        Need("select", form.Choice("select", choices) is not null);
        Need("radio", form.Choice("radio", choices) is not null);
        Need("boxes", form.Values("boxes").Count > 0);
        var file = form.File("file", Rules, request.Culture);
        Need("file", file is not null || form.ErrorOf("file") is not null);
        Need("consent", form.IsChecked("consent"));
        return Task.FromResult(PageAnswer.View<GalleryView>(
            new GalleryModel(form, choices, file is null || !form.IsValid ? null : new(form, file.Name, file.Kind, file.Length)), form.IsValid ? 200 : 422));
    }

    static IReadOnlyList<Choice> Choices(PageRequest request) =>
        [.. from value in (string[])["a", "b", "c"] select new Choice(value, request.Texts["choice." + value], value == "b" ? request.Texts["choice.b.hint"] : null)];
}

public sealed record GalleryModel(FormState Form, IReadOnlyList<Choice> Choices, GallerySent? Sent);

public sealed record GallerySent(FormState Form, string FileName, FileKind Kind, long Bytes);
