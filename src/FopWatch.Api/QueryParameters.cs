using FopWatch.Wording;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;

namespace FopWatch.Api;

/// <summary>
/// Refuses query parameters that the endpoint's handler does not have. A misspelt filter would otherwise select everything, and a bulk request would act on it.
/// </summary>
internal static class QueryParameters
{
    private const int MaxProblems = 20;
    private const int MaxShownName = 64;

    // An unset variable in a script must not select everything.
    private static readonly string[] Filters = ["source", "state", "watch", "overdue", "since", "until", "bucket", "key", "id", "ref"];

    /// <summary>Checks a request's query.</summary>
    /// <param name="request">The request.</param>
    /// <param name="parameters">The parameters of its endpoint, from <see cref="Of"/>.</param>
    /// <param name="hosts">Parameters that the host takes on every route, any number of times.</param>
    /// <param name="takesMetadata">Whether it also takes parameters that begin with <see cref="JobFilters.MetadataPrefix"/>.</param>
    /// <returns>The answer 400 that names each invalid parameter; null if all are valid.</returns>
    public static IResult? Check(HttpRequest request, IReadOnlyList<string> parameters, IReadOnlyList<string> hosts, bool takesMetadata = false)
    {
        if (!request.QueryString.HasValue)
            return null;

        var problems = new List<ProblemElement>();
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
        {
            var name = pair.DecodeName().ToString();
            if (hosts.Contains(name, StringComparer.OrdinalIgnoreCase))
                continue;

            // Readers of the query take names that differ only in case as one parameter.
            var isNew = given.Add(name);
            var isMetadata = takesMetadata && name.Length > JobFilters.MetadataPrefix.Length && name.StartsWith(JobFilters.MetadataPrefix, StringComparison.Ordinal);
            if (!isMetadata && !parameters.Contains(name, StringComparer.Ordinal))
            {
                if (isNew)
                    problems.Add(new(Shown(name), $"Unknown parameter '{Shown(name)}'; {Instead(name, parameters)}"));
            }
            else if (!isNew)
            {
                problems.Add(new(Shown(name), $"The parameter '{Shown(name)}' is given more than once."));
            }
            else if (pair.EncodedValue.Length == 0 && (isMetadata || Filters.Contains(name, StringComparer.Ordinal)))
            {
                problems.Add(new(Shown(name), $"The parameter '{Shown(name)}' is empty. Leave it out to select everything."));
            }

            if (problems.Count == MaxProblems)
                break;
        }

        return problems.Count switch
        {
            0 => null,
            1 => Problem.Invalid(problems[0].Detail, problems),
            _ => Problem.Invalid($"Several parameters are invalid.", problems),
        };
    }

    /// <summary>The parameters of a request's query. <see cref="HttpRequest.Query"/> merges names that differ only in case, as those of metadata may.</summary>
    internal static List<KeyValuePair<string, string>> PairsOf(HttpRequest request)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
            pairs.Add(new(pair.DecodeName().ToString(), pair.DecodeValue().ToString()));
        return pairs;
    }

    /// <summary>The query parameters of an endpoint's handler; null without an endpoint, or if it accepts any query.</summary>
    internal static IReadOnlyList<string>? Of(Endpoint? endpoint) =>
        endpoint is not RouteEndpoint route || route.Metadata.GetMetadata<OpenToAllAttribute>() is not null ? null
        : [.. route.Metadata.GetOrderedMetadata<IParameterBindingMetadata>()
            .Where(parameter => parameter.ParameterInfo.ParameterType == typeof(string)
                && route.RoutePattern.GetParameter(parameter.Name) is null
                && !AttributesOf(parameter).OfType<FromHeaderAttribute>().Any())
            .Select(parameter => AttributesOf(parameter).OfType<FromQueryAttribute>().FirstOrDefault()?.Name ?? parameter.Name)];

    // Only this has the attributes of a property that is bound as a parameter.
    private static object[] AttributesOf(IParameterBindingMetadata parameter) => parameter.ParameterInfo.GetCustomAttributes(inherit: false);

    private static Sentence Instead(string name, IReadOnlyList<string> parameters)
    {
        if (parameters.Count == 0)
            return $"this route takes none.";

        var nearest = parameters.MinBy(parameter => Distance(name, parameter))!;
        return IsNear(name, nearest)
            ? (Sentence)$"did you mean '{nearest}'?"
            : (Sentence)$"this route takes {string.Join(", ", parameters.Select(parameter => $"'{parameter}'"))}.";
    }

    private static bool IsNear(string name, string parameter) =>
        Distance(name, parameter) <= Math.Max(1, Math.Min(name.Length, parameter.Length) / 2) && Distance(name, parameter) < name.Length;

    private static string Shown(string name) => TextCut.Of(name, MaxShownName + 1);

    /// <summary>The number of insertions, deletions, replacements and swaps of neighbours from one name to the other, ignoring case.</summary>
    private static int Distance(string name, string parameter)
    {
        // A bound on the cost: a much longer name is never near.
        if (name.Length > 2 * parameter.Length)
            return name.Length;

        var (given, known) = (name.ToUpperInvariant(), parameter.ToUpperInvariant());
        var distances = new int[given.Length + 1, known.Length + 1];
        for (var i = 0; i <= given.Length; i++)
        {
            for (var j = 0; j <= known.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    distances[i, j] = i + j;
                    continue;
                }

                var replaced = distances[i - 1, j - 1] + (given[i - 1] == known[j - 1] ? 0 : 1);
                distances[i, j] = Math.Min(replaced, 1 + Math.Min(distances[i - 1, j], distances[i, j - 1]));
                if (i > 1 && j > 1 && given[i - 1] == known[j - 2] && given[i - 2] == known[j - 1])
                    distances[i, j] = Math.Min(distances[i, j], distances[i - 2, j - 2] + 1);
            }
        }

        return distances[given.Length, known.Length];
    }
}
