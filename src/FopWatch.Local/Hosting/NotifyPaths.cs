using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Settings;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Takes the path of <c>FopWatch:PublicUrl</c> off notify paths, as a proxy may pass it or not, and reports notifications below any other
/// path, which nothing else would mention.
/// </summary>
internal sealed class NotifyPaths(RequestDelegate next, FopWatchSettings settings, NotificationIntake intake, NotifyProbes probes)
{
    private const string Notify = "/api/notify";

    private readonly PathString _prefix = PathString.FromUriComponent(settings.PublicUrl?.AbsolutePath.TrimEnd('/') ?? "");

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (!HttpMethods.IsPost(request.Method) || request.Path.StartsWithSegments(Notify, StringComparison.OrdinalIgnoreCase))
            return next(context);

        // Signatures are checked for PublicUrl with the path below it, so the prefix must not become the path base.
        if (_prefix.HasValue
            && request.Path.StartsWithSegments(_prefix, StringComparison.Ordinal, out var below)
            && below.StartsWithSegments(Notify, StringComparison.OrdinalIgnoreCase))
        {
            request.Path = below;
        }
        else if (request.Path.Value?.Contains(Notify + "/", StringComparison.OrdinalIgnoreCase) == true && probes.Find(request.Path.Value) is null)
        {
            intake.UnknownUrl("The path begins with one that FopWatch:PublicUrl does not have");
        }

        return next(context);
    }
}
