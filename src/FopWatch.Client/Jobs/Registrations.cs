using System.Globalization;
using System.Text.Json;
using FopWatch.Client.Http;

namespace FopWatch.Client.Jobs;

/// <summary>Registers any number of jobs. An invalid registration does not affect the others.</summary>
/// <param name="host">The host.</param>
internal sealed class Registrations(HostConnection host)
{
    private const int MaxAtOnce = 1000;
    private const string Path = "api/jobs";
    private const string UnreadableType = "urn:fopwatch:problem:unreadable";

    public Task<RegisteredJob> RegisterAsync(JobRegistration one, CancellationToken cancellationToken) =>
        host.AnswerAsync(new Call(HttpMethod.Post, Path) { Body = Written(json => Write(json, one)) }, ClientJson.Default.RegisteredJob, cancellationToken);

    public async Task<IReadOnlyList<RegistrationResult>> RegisterAsync(IReadOnlyList<JobRegistration> all, CancellationToken cancellationToken)
    {
        var results = new RegistrationResult[all.Count];
        var left = Enumerable.Range(0, all.Count).ToList();
        var most = MaxAtOnce;
        while (left.Count > 0)
        {
            var chunk = left.Take(most).ToList();
            try
            {
                var jobs = await PostAsync([.. chunk.Select(index => all[index])], cancellationToken).ConfigureAwait(false);
                foreach (var (index, job) in chunk.Zip(jobs))
                    results[index] = new() { Registration = all[index], Job = job };
            }
            catch (FopWatchRefusedException e) when (e.Problem.Status == 413 && chunk.Count > 1)
            {
                // The host's settings limit the size of a body.
                most = chunk.Count / 2;
                continue;
            }
            catch (FopWatchRefusedException e) when (e.Problem.Status == 413)
            {
                results[chunk[0]] = new() { Registration = all[chunk[0]], Errors = [new() { Element = "", Detail = e.Message }] };
            }
            catch (FopWatchException e) when (Refused(e, chunk, left, all, results))
            {
                // The rest of the chunk is sent again without them.
            }

            left.RemoveAll(index => results[index] is not null);
        }

        return results;
    }

    /// <summary>Records the registrations that an answer rejects.</summary>
    /// <returns>Whether it rejects any.</returns>
    private static bool Refused(FopWatchException failure, List<int> chunk, List<int> left, IReadOnlyList<JobRegistration> all, RegistrationResult[] results)
    {
        if (failure.Problem is not { Errors: { } errors } problem || !(problem.Status == 400 || problem.Type == UnreadableType))
            return false;

        var any = false;
        foreach (var error in errors)
        {
            var end = error.Element.IndexOf('/', Math.Min(1, error.Element.Length));
            var number = error.Element is ['/', ..] ? error.Element[1..(end < 0 ? error.Element.Length : end)] : "";
            if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var at) || at >= chunk.Count)
                continue;

            any = true;
            var within = error with { Element = end < 0 ? "" : error.Element[end..] };
            Note(chunk[at], within);

            // An answer names at most 100, but thousands may have the same unknown source.
            if (within.Element == "/source")
            {
                foreach (var index in left.Where(index => results[index] is null && all[index].Source == all[chunk[at]].Source))
                    Note(index, within);
            }
        }

        return any;

        void Note(int index, ProblemElement error)
        {
            var known = results[index]?.Errors ?? [];
            if (!known.Contains(error))
                results[index] = new() { Registration = all[index], Errors = [.. known, error] };
        }
    }

    private async Task<IReadOnlyList<RegisteredJob>> PostAsync(IReadOnlyList<JobRegistration> chunk, CancellationToken cancellationToken)
    {
        var body = Written(json =>
        {
            json.WriteStartArray();
            foreach (var one in chunk)
                Write(json, one);
            json.WriteEndArray();
        });
        var answer = await host.AnswerAsync(new Call(HttpMethod.Post, Path) { Body = body }, ClientJson.Default.RegisteredJobs, cancellationToken).ConfigureAwait(false);
        return answer.Jobs.Select(job => job.Id).SequenceEqual(chunk.Select(one => one.Id), StringComparer.Ordinal) ? answer.Jobs : throw host.NotFopWatch();
    }

    private static byte[] Written(Action<Utf8JsonWriter> write)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
            write(json);
        return body.ToArray();
    }

    private static void Write(Utf8JsonWriter json, JobRegistration one)
    {
        json.WriteStartObject();
        json.WriteString("source", one.Source);
        json.WriteString("id", one.Id);
        if (one.Metadata is { Count: > 0 } metadata)
        {
            json.WriteStartObject("metadata");
            foreach (var (name, value) in metadata)
                json.WriteString(name, value);
            json.WriteEndObject();
        }

        if (one.FirstPollAfter is { } after)
            json.WriteNumber("firstPollAfter", after.TotalSeconds);
        json.WriteEndObject();
    }
}
