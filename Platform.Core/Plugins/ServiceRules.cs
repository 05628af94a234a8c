using System.Reflection;
using System.Runtime.Loader;
using FluentValidation;
using Microsoft.AspNetCore.Routing.Patterns;
using Platform.Core.Commands;

namespace Platform.Core.Plugins;

/// <summary>What a service may put into the host: parts of its own, under names of its own. Checked on its description, before anything of it is made.</summary>
internal static class ServiceRules
{
    /// <exception cref="PluginRefusedException">In words.</exception>
    public static void Check(ServiceDescription service)
    {
        foreach (var type in service.Parts)
            if (!IsOwn(service, type))
                throw new PluginRefusedException($"it gives {type.Name} as a part of its own, and that class belongs to {type.Assembly.GetName().Name}: what others stand on cannot be replaced.");
        foreach (var (contract, _) in service.Provides)
            if (ServiceRecorder.IsReserved(contract))
                throw new PluginRefusedException($"it wants to replace {contract.Name}, which belongs to the platform.");
        CheckHandlers(service);
        CheckJobs(service);
        // Two patterns that differ in the names of their parameters only are one address, and the router would find out at the first request for it.
        if (service.Pages.GroupBy(page => ShapeOf(page.Pattern), StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new PluginRefusedException($"its pages \"{twice.First().Pattern}\" and \"{twice.Last().Pattern}\" are the same address.");
        if (service.Desk.GroupBy(page => ShapeOf(page.Pattern), StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } again)
            throw new PluginRefusedException($"its pages \"{again.First().Pattern}\" and \"{again.Last().Pattern}\" of the console are the same address.");
    }

    static void CheckJobs(ServiceDescription service)
    {
        if (service.Jobs.GroupBy(job => job.Name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new PluginRefusedException($"it describes the job {twice.Key} twice; runs are kept under the class's name.");
        if (service.Jobs.FirstOrDefault(job => job.Next(DateTimeOffset.UnixEpoch) is null) is { } never)
            throw new PluginRefusedException($"the schedule \"{never.Cron}\" of its {never.Name} never comes.");
    }

    // The container would take the last one that answers, whoever brought it.
    static void CheckHandlers(ServiceDescription service)
    {
        var answered = new Dictionary<Type, Type>();
        foreach (var (type, contract) in ModuleRegistration.Contracts(service.Assembly))
        {
            var subject = contract.GetGenericArguments()[0];
            if (CommandPipeline.IsHandler(contract))
            {
                if (subject.IsGenericParameter || !IsOwn(service, subject))
                    throw new PluginRefusedException($"its {type.Name} wants to handle {subject.Name}, a command that is not its own.");
                if (!answered.TryAdd(subject, type))
                    throw new PluginRefusedException($"both {answered[subject].Name} and {type.Name} handle its command {subject.Name}.");
            }
            else if (contract.GetGenericTypeDefinition() == typeof(IValidator<>) && !IsOwn(service, subject))
            {
                throw new PluginRefusedException($"its {type.Name} wants to validate {subject.Name}, which is not its own.");
            }
        }
    }

    static bool IsOwn(ServiceDescription service, Type type) =>
        AssemblyLoadContext.GetLoadContext(type.Assembly) is { } home && home == AssemblyLoadContext.GetLoadContext(service.Assembly);

    static string ShapeOf(string pattern) => string.Join('/', RoutePatternFactory.Parse(pattern).PathSegments.Select(segment => string.Concat(segment.Parts.Select(part => part switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternSeparatorPart separator => separator.Content,
        RoutePatternParameterPart parameter => $"{{{parameter.ParameterKind}:{string.Join(':', parameter.ParameterPolicies.Select(policy => policy.Content))}}}",
        _ => "",
    }))));
}
