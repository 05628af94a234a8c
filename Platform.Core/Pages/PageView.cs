using Microsoft.AspNetCore.Components;

namespace Platform.Core.Pages;

/// <summary>The component of a page: a pure view of what <see cref="PageAnswer.View{TComponent}"/> hands it. Begin it with <c>@inherits PageView&lt;MyModel&gt;</c>.</summary>
/// <typeparam name="TModel">A public type, since components are public.</typeparam>
public abstract class PageView<TModel> : ComponentBase
{
    /// <summary>What there is to show.</summary>
    [Parameter, EditorRequired] public TModel Model { get; set; } = default!;

    /// <summary>Whose page it is, in which language, and where it stands; <c>PorticoLayout</c> wants it.</summary>
    [CascadingParameter] public PageFrame Frame { get; set; } = null!;

    /// <summary>The service's texts in the reader's language: <c>@T["ask.title"]</c>.</summary>
    protected Texts T => Frame.Texts;
}
