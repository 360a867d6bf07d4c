// Reads "NAME BASE64" lines with HdrHistogram's own library and prints, a line each, what it found:
// NAME, then "LOW HIGH COUNT" of each recorded step, "|", the value at each percentile in PERCENTILES,
// "|", total, lowest, highest, digits. hdr_export_test.py starts it from source and compares.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.Base64;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;

public class HdrReader {
  static final double[] PERCENTILES = {0.1, 10, 50, 90, 99, 99.9, 99.99};

  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split(" ");
      Histogram histogram =
          Histogram.decodeFromCompressedByteBuffer(
              ByteBuffer.wrap(Base64.getDecoder().decode(words[1])), 0);
      StringBuilder out = new StringBuilder(words[0]);
      for (HistogramIterationValue value : histogram.recordedValues()) {
        long at = value.getValueIteratedTo();
        out.append(' ').append(histogram.lowestEquivalentValue(at));
        out.append(' ').append(histogram.highestEquivalentValue(at));
        out.append(' ').append(value.getCountAtValueIteratedTo());
      }
      out.append(" |");
      for (double percentile : PERCENTILES) {
        out.append(' ').append(histogram.getValueAtPercentile(percentile));
      }
      out.append(" | ").append(histogram.getTotalCount());
      out.append(' ').append(histogram.getLowestDiscernibleValue());
      out.append(' ').append(histogram.getHighestTrackableValue());
      out.append(' ').append(histogram.getNumberOfSignificantValueDigits());
      System.out.println(out);
    }
  }
}
