using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace FopWatch.Api;

/// <summary><c>POST /api/notify/{source}/{token}[/{correlation}]</c>.</summary>
public static class Notify
{
    /// <summary>
    /// Takes a notification. Answers 200 once its effect is durable, whatever it was; 404 for an unknown source or a wrong token,
    /// alike; 413 for a body over the limit.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store failed: to be answered 503, so that the provider tries again.</exception>
    [AdmittedAs(RequestKind.Notification)]
    public static async Task<IResult> PostAsync(
        string source,
        string token,
        string? correlation,
        HttpRequest request,
        NotificationIntake intake,
        BodyMemory bodies,
        Admission admission,
        DecodeTurns turns,
        FopWatchSettings settings,
        CancellationToken cancellationToken)
    {
        if (intake.Admit(source, token) is not { } admitted)
            return Problem.NotFound();

        using var body = await bodies.ReadAsync(request, admitted.Name, cancellationToken);
        if (body is null)
        {
            NotificationIntake.TooLarge(admitted);
            admission.TooLarge(admitted.Name, settings.MaxBodyBytes);
            return Problem.TooLarge(settings.MaxBodyBytes);
        }

        using var place = admission.EnterArrived(RequestKind.Notification);
        using var assessed = await turns.DecodeAsync(
            body.Length, () => NotificationIntake.Assess(admitted, Signed(request, settings.PublicOrigin, body.Bytes)), cancellationToken);
        await intake.ReceiveAsync(assessed.Value, correlation, cancellationToken);
        return Results.Text("ok");
    }

    /// <summary>
    /// Takes a <c>POST</c> below <c>/api/notify</c> that no other route takes. If it begins with a notify URL, it is a notification: a 4xx
    /// would lose it (providers.md, section 1). Otherwise it is answered 404 and the operator is warned.
    /// </summary>
    /// <param name="rest">The path below <c>/api/notify/</c>.</param>
    /// <param name="request">The request.</param>
    /// <param name="intake">Takes it.</param>
    /// <param name="bodies">Reads the body.</param>
    /// <param name="admission">Has the places for notifications.</param>
    /// <param name="turns">Lets large bodies be decoded in turn.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">As for a notification.</exception>
    [AdmittedAs(RequestKind.Notification)]
    public static async Task<IResult> PostElsewhereAsync(
        string? rest,
        HttpRequest request,
        NotificationIntake intake,
        BodyMemory bodies,
        Admission admission,
        DecodeTurns turns,
        FopWatchSettings settings,
        CancellationToken cancellationToken)
    {
        if (rest?.Split('/') is [{ Length: > 0 } source, { Length: > 0 } token, ..])
            return await PostAsync(source, token, null, request, intake, bodies, admission, turns, settings, cancellationToken);

        intake.UnknownUrl("The path has no source and token");
        return Problem.NotFound();
    }

    private static SignedRequest Signed(HttpRequest request, string? publicOrigin, ReadOnlyMemory<byte> body)
    {
        // The path exactly as it was sent: the signature covers it so.
        var path = UriHelper.BuildRelative(request.PathBase, request.Path, request.QueryString);
        var origin = publicOrigin ?? $"{request.Scheme}://{request.Host.ToUriComponent()}";
        return new()
        {
            Url = Uri.TryCreate(origin + path, UriKind.Absolute, out var url) ? url : new("http://invalid" + request.PathBase + request.Path),
            Authorization = Value(request.Headers.Authorization),
            ContentType = Value(request.Headers.ContentType),
            SignedHeaders = [.. request.Headers
                .Where(header => header.Key.StartsWith("X-Qiniu-", StringComparison.OrdinalIgnoreCase))
                .Select(header => KeyValuePair.Create(header.Key, header.Value.ToString()))],
            CallHeaders = [.. SignedRequest.CallHeaderNames
                .Select(name => KeyValuePair.Create(name, Value(request.Headers[name])))
                .Where(header => header.Value is { Length: > 0 and <= SignedRequest.MaxCallHeaderLength })
                .Select(header => KeyValuePair.Create(header.Key, header.Value!))],
            Body = body,
        };

        static string? Value(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 0 ? null : values.ToString();
    }
}
