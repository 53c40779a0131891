using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Settings;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Removes the path of <c>FopWatch:PublicUrl</c> from the paths that providers call, since a proxy may pass it on or strip it. Calls below
/// any other path are reported, since nothing else would mention them.
/// </summary>
internal sealed class NotifyPaths(RequestDelegate next, FopWatchSettings settings, NotificationIntake intake, NotifyProbes probes)
{
    private static readonly PathString[] Called = [NotificationsApi.Path, UploadsApi.Path];

    private readonly PathString _prefix = PathString.FromUriComponent(settings.PublicUrl?.AbsolutePath.TrimEnd('/') ?? "");

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (!HttpMethods.IsPost(request.Method) || IsCalled(request.Path))
            return next(context);

        // Signatures are checked against PublicUrl plus the rest of the path, so the prefix must not become the path base.
        if (_prefix.HasValue
            && request.Path.StartsWithSegments(_prefix, StringComparison.Ordinal, out var below)
            && IsCalled(below))
        {
            request.Path = below;
        }
        else if (Array.Exists(Called, called => request.Path.Value?.Contains(called + "/", StringComparison.OrdinalIgnoreCase) == true)
            && probes.Find(request.Path.Value) is null)
        {
            intake.UnknownUrl($"The path begins with one that FopWatch:PublicUrl does not have");
        }

        return next(context);
    }

    private static bool IsCalled(PathString path) => Array.Exists(Called, called => path.StartsWithSegments(called, StringComparison.OrdinalIgnoreCase));
}
