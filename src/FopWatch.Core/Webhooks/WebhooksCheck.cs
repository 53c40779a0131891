using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using FopWatch.Diagnosis;
using FopWatch.Providers;
using FopWatch.Wording;

namespace FopWatch.Webhooks;

/// <summary>
/// Examines each webhook: its secrets, how it stands, and whether its receiver can be connected to. It connects and establishes TLS, and sends no request:
/// a receiver is asked something by an event or a test alone.
/// </summary>
/// <param name="configured">The webhooks of the settings.</param>
/// <param name="loops">Know how webhooks stand; null where no host runs.</param>
public sealed class WebhooksCheck(ConfiguredWebhooks configured, WebhookLoops? loops) : IDoctorCheck
{
    /// <summary>From here on, a webhook is far behind, in positions of the log.</summary>
    public const long FarBehind = 1000;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private static readonly Sentence Waiting = $"Events of this webhook wait until it works, and are lost to it once the retention has deleted them.";

    /// <inheritdoc/>
    public IEnumerable<DoctorStep> Steps => configured.All
        .OrderBy(webhook => webhook.Name, StringComparer.Ordinal)
        .Select(webhook => new DoctorStep(DoctorCheck.Webhooks, null, cancellationToken => ExamineAsync(webhook, cancellationToken))
        {
            TooSlow = after => TooSlow(webhook, after),
        });

    /// <summary>What the state of a webhook says.</summary>
    /// <param name="status">The state.</param>
    public static IEnumerable<DoctorFinding> OfStatus(WebhookStatus status)
    {
        Sentence resume = $"run 'fopwatch webhooks resume {status.Name}'";
        if (status.PausedBecause is { } because)
        {
            yield return because switch
            {
                WebhookPause.Operator => Finding(
                    DoctorLevel.Warning, $"The webhook {status.Name} is paused by an operator.", Waiting, $"If it is to go on, {resume}."),
                WebhookPause.Gone => Finding(
                    DoctorLevel.Trouble, $"The webhook {status.Name} is paused: its receiver answered 410, which says that it wants no more.", Waiting,
                    $"Remove the webhook from the settings, or repair the receiver and {resume}."),
                _ => Finding(
                    DoctorLevel.Trouble, $"The webhook {status.Name} is paused: {WebhookRetries.MostAttempts} attempts at an event have failed, the last one: {WebhookFailure.InWords(status.LastStatus, status.LastError)}.", Waiting,
                    $"Repair the receiver, and {resume}."),
            };
        }
        else if (status.State == WebhookState.Failing)
        {
            yield return Finding(
                DoctorLevel.Trouble,
                $"The webhook {status.Name} has failed {status.Attempt} time(s) at its next event, the last time: {WebhookFailure.InWords(status.LastStatus, status.LastError)}.",
                Waiting,
                $"Repair the receiver. To try again before {status.NextAttemptAt:u}, {resume}.");
        }
        else if (status.Behind > FarBehind)
        {
            yield return Finding(
                DoctorLevel.Warning,
                $"The webhook {status.Name} is {status.Behind} positions of the event log behind.",
                $"Events are sent one at a time, each when the one before it was answered. The receiver is slow, or was away until now.",
                $"Have the receiver store an event and answer at once. If it stays behind, 'fopwatch webhooks deliveries' shows how long each attempt takes.");
        }

        if (status.Missed is { } missed)
        {
            yield return Finding(
                DoctorLevel.Warning,
                $"The retention has deleted {missed} position(s) of the event log before the webhook {status.Name} came to them.",
                $"The receiver never gets these events.",
                $"Compare the receiver with the list of jobs. 'fopwatch webhooks replay {status.Name} --from {status.Position}' sets the number back.");
        }
    }

    private async Task<IReadOnlyList<DoctorFinding>> ExamineAsync(Webhook webhook, CancellationToken cancellationToken)
    {
        var found = new List<DoctorFinding>(OfSecrets(webhook));
        if (loops is not null && await loops.FindAsync(webhook.Name, cancellationToken) is { } status)
            found.AddRange(OfStatus(status));
        var reached = await OfReceiverAsync(webhook, cancellationToken);
        if (reached.Level != DoctorLevel.Pass || found.Count == 0)
            found.Add(reached);
        return found;
    }

    private static IEnumerable<DoctorFinding> OfSecrets(Webhook webhook)
    {
        if (webhook.Secrets.Any(secret => !secret.LooksRandom))
        {
            yield return Finding(
                DoctorLevel.Warning,
                $"The webhook {webhook.Name} has a secret that is not random: it has the same few bytes again and again.",
                $"Whoever guesses the secret can send the receiver events that it takes for genuine.",
                $"Set {Setting(webhook, "Secret")} to {WebhookSecret.Prefix} and the output of 'openssl rand -base64 32', and the receiver to the same.");
        }

        if (webhook.Secrets.Count > 1)
        {
            yield return Finding(
                DoctorLevel.Info,
                $"The webhook {webhook.Name} has {webhook.Secrets.Count} secrets, and signs with each of them.",
                $"That is for the time in which a secret is rotated.",
                $"Remove the old one from {Setting(webhook, "Secret")} once the receiver knows the new one.");
        }
    }

    private static async Task<DoctorFinding> OfReceiverAsync(Webhook webhook, CancellationToken cancellationToken)
    {
        var url = webhook.Url;
        if (webhook.AllowPrivate && HttpClient.DefaultProxy.GetProxy(url) is { } proxy && proxy != url)
        {
            return Finding(
                DoctorLevel.Skipped, $"The receiver of the webhook {webhook.Name} was not connected to: its requests go through a proxy.", null,
                $"Run 'fopwatch webhooks test {webhook.Name}', which sends an event that says nothing of a job.");
        }

        // Shorter than a step may take, so that findings about the state and the secrets are reported too.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConnectTimeout);
        try
        {
            await using var connection = await WebhookTransport.ConnectAsync(new(url.IdnHost, url.Port), webhook.AllowPrivate, limit.Token);
            if (url.Scheme == Uri.UriSchemeHttps)
            {
                await using var tls = new SslStream(connection, leaveInnerStreamOpen: true);
                await tls.AuthenticateAsClientAsync(
                    new() { TargetHost = url.IdnHost, RemoteCertificateValidationCallback = UntrustedCertificateException.Accept }, limit.Token);
            }

            return Finding(DoctorLevel.Pass, url.Scheme == Uri.UriSchemeHttps
                ? (Sentence)$"The receiver of the webhook {webhook.Name} accepts TLS. No event was sent."
                : (Sentence)$"The receiver of the webhook {webhook.Name} accepts connections. No event was sent.");
        }
        catch (PrivateAddressException e)
        {
            return Unreachable(
                webhook, $"has a name that leads to no public address: {e.Message}",
                $"If the receiver is in your own network, set {Setting(webhook, "AllowPrivate")} to true. If not, check {Setting(webhook, "Url")}, and the name servers of this machine.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return TooSlow(webhook, ConnectTimeout);
        }
        catch (Exception e) when (e is SocketException or AuthenticationException or IOException)
        {
            var unanswered = Unanswered.Of(AsOfHttp(e), url, Setting(webhook, "Url"));
            return Unreachable(webhook, unanswered.What, unanswered.Fix);
        }
    }

    private static HttpRequestException AsOfHttp(Exception failure) => new(
        failure switch
        {
            SocketException => HttpRequestError.ConnectionError,
            _ => HttpRequestError.SecureConnectionError,
        },
        failure.Message,
        failure);

    private static DoctorFinding TooSlow(Webhook webhook, TimeSpan after) => Unreachable(
        webhook, $"did not accept a connection within {after.TotalSeconds:0.###} s", $"Check {Setting(webhook, "Url")}, and the firewalls on the way.");

    private static DoctorFinding Unreachable(Webhook webhook, Sentence what, Sentence fix) => Finding(
        DoctorLevel.Trouble, $"The receiver of the webhook {webhook.Name}, {webhook.Url.GetLeftPart(UriPartial.Authority)}, {what}.", Waiting, fix);

    private static string Setting(Webhook webhook, string name) => $"FopWatch:Webhooks:{webhook.Name}:{name}";

    private static DoctorFinding Finding(DoctorLevel level, Sentence what, Sentence? why = null, Sentence? fix = null) =>
        new() { Check = DoctorCheck.Webhooks, Level = level, What = what, Why = why, Fix = fix };
}
