using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.Diagnosis;

/// <summary>Sends each source a notification through <c>FopWatch:PublicUrl</c>, and checks how it arrives (<see cref="NotifyProbes"/>).</summary>
/// <param name="settings">Provides the sources and the URL.</param>
/// <param name="probes">Creates and recognises the notifications.</param>
/// <param name="http">Sends them; created by <see cref="CreateHttp"/>.</param>
public sealed class NotifyUrlCheck(FopWatchSettings settings, NotifyProbes probes, HttpClient http) : IDoctorCheck
{
    private const int LongestAnswer = 4096;

    /// <inheritdoc/>
    public IEnumerable<DoctorStep> Steps => settings.PublicOrigin is { } origin
        ? settings.Sources.All.OrderBy(source => source.Name, StringComparer.Ordinal).Select(source => Step(source, origin))
        : [new(DoctorCheck.NotifyUrl, null, _ => Task.FromResult<IReadOnlyList<DoctorFinding>>([WithoutUrl]))];

    private static DoctorFinding WithoutUrl => new()
    {
        Check = DoctorCheck.NotifyUrl,
        Level = DoctorLevel.Skipped,
        What = $"No notification was sent: FopWatch:PublicUrl is not set, so this host does not know the URL under which providers reach it.",
        Fix = $"Set FopWatch:PublicUrl.",
    };

    /// <summary>Creates a client that follows no redirect, as providers do. It uses no proxy for a URL of this machine.</summary>
    /// <param name="publicUrl">The URL to call; null if there is none.</param>
    public static HttpClient CreateHttp(Uri? publicUrl)
    {
        var handler = StatusClient.CreateHandler(connections: 4);
        if (publicUrl is not null && Reachability.IsThisMachine(publicUrl))
            handler.UseProxy = false;
        return new(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private DoctorStep Step(Source source, string origin)
    {
        var verdict = new NotifyVerdict(source, settings.PublicUrl!);
        return new(DoctorCheck.NotifyUrl, source.Name, async cancellationToken => [await ExamineAsync(source, origin, verdict, cancellationToken)])
        {
            TooSlow = verdict.TooSlow,
        };
    }

    private async Task<DoctorFinding> ExamineAsync(Source source, string origin, NotifyVerdict verdict, CancellationToken cancellationToken)
    {
        var token = probes.NewToken(source.Name);
        using var request = ToMessage(NotifyProbes.Make(source, origin, token));
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var body = await ReadAsync(response.Content, cancellationToken);
            return response.StatusCode == HttpStatusCode.OK && probes.Read(body, token) is { } answer
                ? verdict.Of(answer)
                : verdict.OfOther(response, body);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException)
        {
            return verdict.Of(failure);
        }
    }

    private static HttpRequestMessage ToMessage(SignedRequest signed)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, signed.Url) { Content = new ReadOnlyMemoryContent(signed.Body) };
        message.Content.Headers.TryAddWithoutValidation("Content-Type", signed.ContentType);
        message.Headers.UserAgent.Add(new ProductInfoHeaderValue("FopWatch", null));
        if (signed.Authorization is { } authorization)
            message.Headers.TryAddWithoutValidation("Authorization", authorization);
        return message;
    }

    private static async Task<string> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var bytes = new byte[LongestAnswer];
        return Encoding.UTF8.GetString(bytes, 0, await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken));
    }
}
